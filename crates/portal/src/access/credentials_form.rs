//! What owners choose: a password, a question and its answer. One validation for every page that asks for
//! them; stores nothing and sends no password back.

use sealpost_mail::Secret;

use crate::access::password::weaknesses;
use crate::config::PasswordRules;
use crate::language::Language;
use crate::page::Page;
use crate::problem::Problem;
use crate::state::Site;

/// Built-in questions: keys of their texts. The form sends the index.
const QUESTIONS: [&str; 6] = [
    "question-school",
    "question-teacher",
    "question-street",
    "question-job",
    "question-holiday",
    "question-book",
];
/// What the form sends for "my own question".
const OWN: &str = "own";
const MIN_ANSWER: usize = 3;
/// Longest question or answer, in characters.
const MAX_TEXT: usize = 200;

/// Weaknesses that are shown in the list of rules.
const RULES: [&str; 4] = ["password-short", "password-no-upper", "password-no-digit", "password-no-special"];

/// What was entered, to be shown again, and its errors. No password is ever sent back.
#[derive(Default)]
pub(crate) struct Entered {
    pub(crate) question: String,
    pub(crate) own_question: String,
    pub(crate) answer: String,
    pub(crate) password_errors: Vec<&'static str>,
    pub(crate) current_error: Option<&'static str>,
    pub(crate) repeat_error: Option<&'static str>,
    pub(crate) question_error: Option<&'static str>,
    pub(crate) answer_error: Option<&'static str>,
}

impl Entered {
    pub(crate) fn is_good(&self) -> bool {
        self.errors().is_empty()
    }

    /// Field and message of every error, in the order of the page.
    pub(crate) fn errors(&self) -> Vec<(&'static str, &'static str)> {
        let password = match self.password_errors.as_slice() {
            [] => None,
            [only] => Some(*only),
            [_, ..] => Some("password-several"),
        };
        let fields = [
            ("current", self.current_error),
            ("password", password),
            ("repeat", self.repeat_error),
            ("question", self.question_error),
            ("answer", self.answer_error),
        ];
        fields.into_iter().filter_map(|(field, key)| Some((field, key?))).collect()
    }

    /// How a refused password meets one of its rules; empty until a password was checked.
    pub(crate) fn rule(&self, key: &str) -> &'static str {
        match self.password_errors.as_slice() {
            [] | ["password-empty"] => "",
            found if found.contains(&key) => "unmet",
            _ => "met",
        }
    }

    /// What is wrong with it apart from the list of rules: a single broken rule in its own words, several by
    /// the list.
    pub(crate) fn password_words(&self) -> Vec<&'static str> {
        let (rules, mut words): (Vec<&str>, Vec<&str>) =
            self.password_errors.iter().partition(|key| RULES.contains(key));
        match rules.as_slice() {
            [] => {}
            [only] => words.insert(0, only),
            [_, ..] => words.insert(0, "password-several"),
        }
        words
    }

    pub(crate) fn error_text(&self, page: &Page) -> String {
        page.n("form-has-errors-text", &(self.errors().len() as u64))
    }

    pub(crate) fn is_chosen(&self, value: &str) -> bool {
        self.question == value
    }

    /// Checks a new password, entered twice.
    pub(crate) async fn judge_password(
        &mut self,
        site: &Site,
        password: &str,
        repeat: &str,
        address: &str,
    ) -> Result<(), Problem> {
        let (brand, rules) = (&site.config.brand, site.config.password);
        let related = [brand.name.clone(), brand.portal_name.clone()];
        let (judged, address) = (Secret::new(password.to_owned()), address.to_owned());
        let judging = site.judging(move || {
            weaknesses(judged.expose(), &address, &related.each_ref().map(String::as_str), &rules)
        });
        self.password_errors = judging.await?.iter().map(|weakness| weakness.key()).collect();
        self.repeat_error = (repeat != password).then_some("repeat-differs");
        Ok(())
    }

    /// Checks question and answer; returns the chosen question, empty if there is none.
    pub(crate) fn judge_question(
        &mut self,
        site: &Site,
        form: &QuestionForm<'_>,
        questions: &[(String, String)],
        password: &str,
    ) -> String {
        let own: String = form.own_question.trim().chars().take(MAX_TEXT).collect();
        let offered =
            questions.iter().find(|(value, _)| *value == form.question).map(|(_, text)| text.clone());
        let question = if form.question == OWN && site.own_questions() {
            own.clone()
        } else {
            offered.unwrap_or_default()
        };
        let answer = form.answer.trim();
        let letters = answer.chars().filter(|c| c.is_alphanumeric()).count();
        self.question_error = question.is_empty().then_some("question-missing");
        self.answer_error = if letters < MIN_ANSWER {
            Some("answer-short")
        } else if form.answer.chars().count() > MAX_TEXT {
            Some("answer-long")
        } else if answer.to_lowercase() == password.to_lowercase() {
            Some("answer-is-password")
        } else {
            None
        };
        form.question.clone_into(&mut self.question);
        self.own_question = own;
        self.answer = form.answer.chars().take(MAX_TEXT).collect();
        question
    }
}

/// The part of a form that is about the question.
pub(crate) struct QuestionForm<'a> {
    pub(crate) question: &'a str,
    pub(crate) own_question: &'a str,
    pub(crate) answer: &'a str,
}

/// The operator's password rules as a page lists them.
pub(crate) struct Rules {
    pub(crate) minimum: u64,
    pub(crate) upper: bool,
    pub(crate) digit: bool,
    pub(crate) special: bool,
}

impl From<PasswordRules> for Rules {
    fn from(rules: PasswordRules) -> Self {
        Self {
            minimum: rules.shortest() as u64,
            upper: rules.upper,
            digit: rules.digit,
            special: rules.special,
        }
    }
}

/// Value and text of every question offered in this language.
pub(crate) fn questions(site: &Site, language: Language) -> Vec<(String, String)> {
    let own = site.config.questions.iter().find(|(tag, list)| tag == language.tag() && !list.is_empty());
    let texts: Vec<String> = match own {
        Some((_, list)) => list.clone(),
        None => QUESTIONS.iter().map(|key| language.say(key)).collect(),
    };
    texts.into_iter().enumerate().map(|(index, text)| (index.to_string(), text)).collect()
}
