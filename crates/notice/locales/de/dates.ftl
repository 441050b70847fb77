# Zeitpunkte. $day und $month sind Zahlen, $day-two und $month-two zweistellig, $time ist "12:49".
date-day = { $day-two }.{ $month-two }.{ $year }
date-time = { $day-two }.{ $month-two }.{ $year }, { $time } Uhr
