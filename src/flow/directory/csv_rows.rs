//! Reads a list of people from CSV as spreadsheets and exports write it.
//!
//! A mistake in the shape of the file (no heading, an open quote) refuses it as a whole; a row nobody can be
//! found by (no address, too many fields) is left out and named, so that one typing error in a nightly
//! export does not keep every later change out.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::person::filled;
use crate::{
    request::{Address, Person, School},
    text::{Bilingual, fold::phrase},
};

/// Why a list cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// The line it is on, from 1.
    pub(super) line: u64,
    /// What is wrong.
    pub(super) reason: Bilingual,
    /// What to do.
    pub(super) remedy: Bilingual,
}

/// A person of the list.
#[derive(Debug)]
pub(super) struct Row {
    /// Whether the role is a director's; a row without a role is one, for a list of directors needs none.
    pub(super) director: bool,
    /// What is known.
    pub(super) person: Person,
    line: u64,
}

/// A list that can be used.
#[derive(Debug)]
pub(super) struct Rows {
    /// The people by address.
    pub(super) people: HashMap<Address, Row>,
    /// What an administrator should look at; holds line numbers, nobody's data.
    pub(super) warnings: Vec<String>,
    /// The lines that name nobody, each with why.
    pub(super) left_out: Vec<Bilingual>,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Column {
    Email,
    Name,
    FirstName,
    Role,
    Uai,
    School,
    Circonscription,
    Department,
    Phone,
}

impl Column {
    fn of(heading: &str) -> Option<Self> {
        Some(match phrase(&heading.replace(['_', '-'], " ")).as_str() {
            "email"
            | "e mail"
            | "mail"
            | "courriel"
            | "adresse"
            | "adresse mail"
            | "adresse email"
            | "adresse electronique" => Self::Email,
            "name" | "nom" | "nom complet" => Self::Name,
            "first name" | "prenom" => Self::FirstName,
            "role" | "fonction" => Self::Role,
            "uai" | "rne" | "code uai" | "code rne" => Self::Uai,
            "school" | "ecole" | "etablissement" => Self::School,
            "circonscription" | "circo" => Self::Circonscription,
            "department" | "departement" => Self::Department,
            "phone" | "telephone" | "tel" => Self::Phone,
            _ => return None,
        })
    }
}

/// Reads a list; `director_roles` are [`phrase`].
///
/// Fields are separated by semicolons, commas or tabs, whichever the heading uses most. The text is UTF-8 or
/// UTF-16 with a byte order mark, UTF-8, or else windows-1252.
pub(super) fn read(content: &[u8], director_roles: &HashSet<String>) -> Result<Rows, Mistake> {
    let encoding = match encoding_rs::Encoding::for_bom(content) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(content).is_ok() => encoding_rs::UTF_8,
        None => encoding_rs::WINDOWS_1252,
    };
    let (text, ..) = encoding.decode(content);
    if let Some(at) = text.find('\0') {
        return Err(Mistake {
            line: 1 + count_lines(&text[..at]),
            reason: Bilingual::new("this is no text", "ce n’est pas un texte"),
            remedy: Bilingual::new(
                "save the list as CSV, not as a spreadsheet",
                "enregistrez la liste en CSV, et non comme classeur",
            ),
        });
    }

    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(&text))
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut records = reader.records().map(|record| {
        let record = record.map_err(|error| Mistake {
            line: error.position().map_or(0, csv::Position::line),
            reason: Bilingual::quoted(error),
            remedy: Bilingual::new("save the list as CSV again", "enregistrez de nouveau la liste en CSV"),
        })?;
        let line = line_of(&record, &text);
        if record.iter().any(|field| field.contains(['\n', '\r'])) {
            return Err(Mistake {
                line,
                reason: Bilingual::new(
                    "a field that opens with a quote here goes on over the end of the line",
                    "un champ ouvert ici par un guillemet continue au-delà de la ligne",
                ),
                remedy: Bilingual::new(
                    "close the quote, or write it twice where it belongs to the text",
                    "fermez le guillemet, ou doublez-le s’il est du texte",
                ),
            });
        }
        Ok((line, record))
    });

    let columns = match records.next().transpose()? {
        Some((line, heading)) => columns(line, &heading)?,
        None => return Err(no_heading(1)),
    };
    let mut rows = Rows { people: HashMap::new(), warnings: columns.warnings, left_out: Vec::new() };
    for record in records {
        let (line, record) = record?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        match row(&columns.kinds, &record, director_roles) {
            Ok((address, director, person)) => insert(&mut rows, address, Row { director, person, line }),
            Err(reason) => {
                let place = Bilingual::new(format!("line {line}"), format!("ligne {line}"));
                rows.left_out.push(place.saying(&reason));
            }
        }
    }
    let left_out = rows.left_out.len();
    if left_out > rows.people.len() {
        return Err(Mistake {
            line: 1,
            reason: Bilingual::new(
                format!("{left_out} of {} rows cannot be used", left_out + rows.people.len()),
                format!("{left_out} lignes sur {} ne peuvent pas servir", left_out + rows.people.len()),
            ),
            remedy: Bilingual::new(
                "check that the heading names the columns in the order of the rows, and the separator",
                "vérifiez que l’en-tête nomme les colonnes dans l’ordre des lignes, et le séparateur",
            ),
        });
    }
    Ok(rows)
}

/// The columns of a heading, by position; `None` for one that is not read.
struct Columns {
    kinds: Vec<Option<Column>>,
    warnings: Vec<String>,
}

fn columns(line: u64, heading: &StringRecord) -> Result<Columns, Mistake> {
    let kinds: Vec<Option<Column>> = heading.iter().map(Column::of).collect();
    let mut seen = HashSet::new();
    for (kind, name) in kinds.iter().zip(heading) {
        if kind.is_some_and(|kind| !seen.insert(kind)) {
            return Err(Mistake {
                line,
                reason: Bilingual::new(
                    format!("two columns mean the same, the second one is \"{name}\""),
                    format!("deux colonnes veulent dire la même chose, la seconde est \"{name}\""),
                ),
                remedy: Bilingual::new("keep one of them", "n’en gardez qu’une"),
            });
        }
    }
    if !seen.contains(&Column::Email) {
        return Err(no_heading(line));
    }
    let unread: Vec<&str> = kinds
        .iter()
        .zip(heading)
        .filter(|(kind, name)| kind.is_none() && !name.is_empty())
        .map(|(_, name)| name)
        .collect();
    let warnings = if unread.is_empty() {
        Vec::new()
    } else {
        vec![format!("line {line}: these columns are not read: {}", unread.join(", "))]
    };
    Ok(Columns { kinds, warnings })
}

fn no_heading(line: u64) -> Mistake {
    Mistake {
        line,
        reason: Bilingual::new("no column is called \"email\"", "aucune colonne ne s’appelle \"email\""),
        remedy: Bilingual::new(
            "begin the file with email;name;role;uai;school;circonscription;department;phone",
            "commencez le fichier par email;name;role;uai;school;circonscription;department;phone",
        ),
    }
}

/// One person, or why the row names none.
fn row(
    columns: &[Option<Column>],
    record: &StringRecord,
    director_roles: &HashSet<String>,
) -> Result<(Address, bool, Person), Bilingual> {
    if record.iter().skip(columns.len()).any(|field| !field.is_empty()) {
        return Err(Bilingual::new(
            "it has more fields than the heading; a field that holds the separator needs quotes",
            "elle a plus de champs que l’en-tête\u{a0}; un champ qui contient le séparateur demande des guillemets",
        ));
    }
    let field = |wanted: Column| {
        columns.iter().position(|kind| *kind == Some(wanted)).and_then(|at| record.get(at)).and_then(filled)
    };
    let none = || Bilingual::new("it has no mail address", "elle n’a pas d’adresse de courriel");
    let wrong = || {
        Bilingual::new(
            "what stands under \"email\" is no mail address",
            "ce qui est sous \"email\" n’est pas une adresse de courriel",
        )
    };
    let address = Address::parse(&field(Column::Email).ok_or_else(none)?).ok_or_else(wrong)?;
    let role = field(Column::Role);
    let director = role.as_deref().is_none_or(|role| director_roles.contains(&phrase(role)));
    let name = [field(Column::FirstName), field(Column::Name)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let person = Person {
        name: filled(&name),
        role,
        uai: field(Column::Uai),
        school: field(Column::School),
        circonscription: field(Column::Circonscription),
        department: field(Column::Department),
        phone: field(Column::Phone),
        other_schools: Vec::new(),
    };
    Ok((address, director, person))
}

/// Of two rows with one address the director's counts, else the first; who directs two schools has a row for each.
fn insert(rows: &mut Rows, address: Address, row: Row) {
    match rows.people.entry(address) {
        Entry::Vacant(place) => {
            place.insert(row);
        }
        Entry::Occupied(mut place) => {
            let known = place.get_mut();
            if row.director && known.director && is_of_another_school(&row.person, &known.person) {
                known.person.other_schools.push(row.person.own_school());
                return;
            }
            let (first, second) = (known.line, row.line);
            let kept = if row.director && !known.director {
                place.insert(row);
                second
            } else {
                first
            };
            rows.warnings.push(format!("lines {first} and {second} have the same address: line {kept} counts"));
        }
    }
}

/// Whether the school of a row is none that is known already.
fn is_of_another_school(row: &Person, known: &Person) -> bool {
    let name = |school: &School| phrase(&school.shown());
    let school = name(&row.own_school());
    !school.is_empty() && [known.own_school()].iter().chain(&known.other_schools).all(|other| name(other) != school)
}

fn delimiter(text: &str) -> u8 {
    let heading = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |candidate: u8| heading.bytes().filter(|byte| *byte == candidate).count();
    // `max_by_key` takes the last of equals: the French spreadsheet's separator.
    [b'\t', b',', b';'].into_iter().max_by_key(|candidate| count(*candidate)).unwrap_or(b';')
}

/// The line a record begins on. The reader counts from where it looked for the record, before any blank line.
fn line_of(record: &StringRecord, text: &str) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let blank = text.get(from..).unwrap_or_default();
    let blank = &blank[..blank.len() - blank.trim_start_matches(['\r', '\n']).len()];
    position.line() + count_lines(blank)
}

fn count_lines(text: &str) -> u64 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fmt::Write as _};

    use rstest::rstest;

    use super::{Mistake, Rows, read};
    use crate::{
        request::{Address, School},
        text::{Bilingual, fold::phrase},
    };

    fn list(content: &[u8]) -> Result<Rows, Mistake> {
        let roles = ["directeur", "directrice d'école"].map(phrase);
        read(content, &HashSet::from(roles))
    }

    fn person<'a>(rows: &'a Rows, address: &str) -> &'a super::Row {
        &rows.people[&Address::parse(address).unwrap()]
    }

    #[test]
    fn a_list_with_every_column_is_read() {
        let rows = list(
            "email;name;role;uai;school;circonscription;department;phone\n\
             Jeanne.Martin@ac-dijon.fr;Jeanne Martin;Directrice d’école;0210001A;École « Les Tilleuls »;Dijon Nord;021;03 80 00 00 01\n"
                .as_bytes(),
        )
        .unwrap();
        let row = person(&rows, "jeanne.martin@ac-dijon.fr");
        assert!(row.director && rows.warnings.is_empty());
        assert_eq!(row.person.name.as_deref(), Some("Jeanne Martin"));
        assert_eq!(row.person.school.as_deref(), Some("École « Les Tilleuls »"));
        assert_eq!(row.person.circonscription.as_deref(), Some("Dijon Nord"));
        assert_eq!(row.person.phone.as_deref(), Some("03 80 00 00 01"));
    }

    #[rstest]
    #[case::french_headings("Courriel;NOM;Prénom;Fonction;École\na@b.fr;Martin;Jeanne;Directeur;Les Tilleuls")]
    #[case::another_order("école;fonction;prenom;nom;e-mail\nLes Tilleuls;DIRECTEUR;Jeanne;Martin;a@b.fr")]
    #[case::commas_and_quotes(
        "\"mail\",\"nom\",\"prénom\",\"fonction\",\"etablissement\"\n\"a@b.fr\",\"Martin\",\"Jeanne\",\"directeur\",\"Les Tilleuls\""
    )]
    #[case::tabs("mail\tnom\tprénom\tfonction\técole\na@b.fr\tMartin\tJeanne\tdirecteur\tLes Tilleuls")]
    #[case::byte_order_mark(
        "\u{feff}email;nom;prénom;fonction;école\r\na@b.fr;Martin;Jeanne;directeur;Les Tilleuls\r\n"
    )]
    #[case::trailing_separators("email;nom;prénom;fonction;école;;\na@b.fr;Martin;Jeanne;directeur;Les Tilleuls;;;;")]
    #[case::blank_lines("\n\nemail;nom;prénom;fonction;école\n\n;;;;\na@b.fr;Martin;Jeanne;directeur;Les Tilleuls\n\n")]
    fn the_ways_a_spreadsheet_writes_it_are_read(#[case] text: &str) {
        let rows = list(text.as_bytes()).unwrap();
        let row = person(&rows, "a@b.fr");
        assert!(row.director);
        assert_eq!(row.person.name.as_deref(), Some("Jeanne Martin"));
        assert_eq!(row.person.school.as_deref(), Some("Les Tilleuls"));
        assert_eq!(rows.warnings, [""; 0]);
    }

    #[test]
    fn windows_1252_and_utf_16_are_read() {
        let text = "email;école\na@b.fr;Les Œillets d’été";
        let (windows, ..) = encoding_rs::WINDOWS_1252.encode(text);
        let utf_16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for content in [&windows[..], &utf_16] {
            let rows = list(content).unwrap();
            assert_eq!(person(&rows, "a@b.fr").person.school.as_deref(), Some("Les Œillets d’été"));
        }
    }

    #[test]
    fn who_has_no_role_is_a_director_and_who_has_another_is_not() {
        let rows = list(b"email;role\na@b.fr;\nc@b.fr;Enseignant\n").unwrap();
        assert!(person(&rows, "a@b.fr").director);
        assert!(!person(&rows, "c@b.fr").director);
        let rows = list(b"email\na@b.fr\n").unwrap();
        assert!(person(&rows, "a@b.fr").director);
    }

    #[test]
    fn of_two_rows_with_one_address_the_director_counts() {
        let rows = list(
            b"email;role;school\na@b.fr;adjoint;1\n\nA@B.fr;directeur;2\na@b.fr;directeur;3\na@b.fr;directeur;2\n",
        )
        .unwrap();
        let row = person(&rows, "a@b.fr");
        assert!(row.director);
        assert_eq!(row.person.school.as_deref(), Some("2"));
        // Who directs two schools is known at both.
        assert_eq!(row.person.other_schools.iter().map(School::shown).collect::<Vec<_>>(), ["3"]);
        assert_eq!(
            rows.warnings,
            [
                "lines 2 and 4 have the same address: line 4 counts",
                "lines 4 and 6 have the same address: line 4 counts"
            ]
        );
    }

    #[test]
    fn a_row_that_names_nobody_is_left_out_and_named() {
        let rows =
            list(b"email;school\na@b.fr;1\n;2\nno address;3\nc@b.fr;x;y\nd@b.fr;4\ne@b.fr;5\nf@b.fr;6\n").unwrap();
        assert_eq!(rows.people.len(), 4);
        let said: Vec<_> = rows.left_out.iter().map(Bilingual::for_log).collect();
        let lines: Vec<_> = said.iter().map(|line| &line[..6]).collect();
        assert_eq!(lines, ["line 3", "line 4", "line 5"]);
        assert!(!said.concat().contains("no address;") && rows.warnings.is_empty());
    }

    #[rstest]
    #[case::empty("", 1, "email")]
    #[case::no_heading("a@b.fr;Jeanne Martin\n", 1, "email")]
    #[case::heading_below_blank_lines("\n\nnom;école\n", 3, "email")]
    #[case::twice("email;mail\n", 1, "\"mail\"")]
    #[case::open_quote("email;nom\na@b.fr;\"Martin\nc@b.fr;Petit\n", 2, "quote")]
    #[case::not_text("email;nom\na@b.fr;Martin\nPK\0\0", 3, "no text")]
    #[case::columns_confused("email;nom\nMartin;a@b.fr\nPetit;c@b.fr\n", 1, "2 of 2")]
    fn a_mistake_in_the_shape_is_named_with_its_line(#[case] text: &str, #[case] line: u64, #[case] word: &str) {
        let mistake = list(text.as_bytes()).unwrap_err();
        assert_eq!(mistake.line, line, "{mistake:?}");
        let reason = mistake.reason.text(crate::text::Language::English);
        assert!(reason.contains(word), "{mistake:?}");
    }

    #[test]
    fn twenty_thousand_rows_are_read() {
        let mut text = String::from("email;name;role;uai;school\n");
        for number in 0..20_000 {
            writeln!(text, "ce.{number:07}a@ac-dijon.fr;Nom {number};directeur;{number:07}A;École {number}").unwrap();
        }
        let rows = list(text.as_bytes()).unwrap();
        assert_eq!((rows.people.len(), rows.warnings.len(), rows.left_out.len()), (20_000, 0, 0));
    }
}
