//! The label `Issuer:Name` and the `issuer` parameter beside it: which of the two counts, and how both are kept.

/// Issuer and name, settled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub issuer: String,
    pub name: String,
    /// The label's issuer, where it is another than the parameter.
    pub label_issuer: Option<String>,
    /// The issuer stands in the label and nowhere else.
    pub only_in_label: bool,
}

/// Settles a decoded label and the issuer parameter (empty = none). The parameter wins; of the label only the first
/// colon splits, unless the label begins with the whole parameter, which may itself hold a colon.
pub(crate) fn settle(label: &str, parameter: &str) -> Names {
    let (label, parameter) = (label.trim(), parameter.trim());
    if !parameter.is_empty()
        && let Some(name) = label.strip_prefix(parameter).and_then(|rest| rest.trim_start().strip_prefix(':'))
    {
        return Names {
            issuer: parameter.into(),
            name: name.trim().into(),
            label_issuer: None,
            only_in_label: false,
        };
    }
    let (prefix, name) = match label.split_once(':') {
        Some((prefix, name)) => (prefix.trim(), name.trim()),
        None => ("", label),
    };
    let both = !parameter.is_empty() && !prefix.is_empty() && prefix != parameter;
    Names {
        issuer: if parameter.is_empty() { prefix } else { parameter }.into(),
        name: name.into(),
        label_issuer: both.then(|| prefix.into()),
        only_in_label: parameter.is_empty() && !prefix.is_empty(),
    }
}

/// Prefix and name to write, so that [`settle`] gives the same names back; `None` for a label without a colon.
/// An empty prefix guards a name that has a colon of its own.
pub(crate) fn prefix<'a>(issuer: &'a str, name: &str, label_issuer: Option<&'a str>) -> Option<&'a str> {
    let prefix = label_issuer.unwrap_or(issuer).trim();
    (!prefix.is_empty() || name.contains(':')).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(label: &str, parameter: &str) -> (String, String, Option<String>) {
        let names = settle(label, parameter);
        (names.issuer, names.name, names.label_issuer)
    }

    #[test]
    fn the_parameter_wins_and_the_label_is_kept() {
        assert_eq!(
            names("Old Corp: me", "New Corp"),
            ("New Corp".into(), "me".into(), Some("Old Corp".into()))
        );
        assert_eq!(names("Corp:me", "Corp"), ("Corp".into(), "me".into(), None));
        assert_eq!(names("Corp :  me", "Corp"), ("Corp".into(), "me".into(), None));
        assert_eq!(names("Corp:me", ""), ("Corp".into(), "me".into(), None));
        assert_eq!(names("me", "Corp"), ("Corp".into(), "me".into(), None));
    }

    #[test]
    fn only_the_first_colon_splits_unless_the_issuer_has_one() {
        assert_eq!(names("a:b:c", ""), ("a".into(), "b:c".into(), None));
        assert_eq!(names("a:b:c", "a:b"), ("a:b".into(), "c".into(), None));
        assert_eq!(names(":a:b", ""), (String::new(), "a:b".into(), None));
        assert_eq!(names(":a", "x"), ("x".into(), "a".into(), None));
    }
}
