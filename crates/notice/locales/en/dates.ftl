date-time = x
date-day = x
