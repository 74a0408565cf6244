//! What a person types is seen, whatever program they write with and whatever they write; where nothing was typed
//! below it, the quote is folded away.

use passerelle::request::Received;
use proptest::prelude::*;

use crate::support::received::received;

/// How a program writes a reply. In its text `{above}`, `{between}` and `{below}` are what the person types; so is
/// `{within}`, where the program leaves nothing to tell it by.
struct Program {
    name: &'static str,
    /// The media type, with its parameters.
    media: &'static str,
    /// What stands around each line that is typed.
    line: (&'static str, &'static str),
    reply: &'static str,
}

const PLAIN: &str = "text/plain; charset=utf-8";
const FLOWED: &str = "text/plain; charset=utf-8; format=flowed";
const HTML: &str = "text/html; charset=utf-8";
const LINES: (&str, &str) = ("", "\n");
const DIVS: (&str, &str) = ("<div>", "</div>");
const PARAGRAPHS: (&str, &str) = ("<p>", "</p>");
const BREAKS: (&str, &str) = ("", "<br>");

/// What is quoted, its first and its last line; no line that is typed holds these words.
const FIRST: &str = "Quel navigateur ouvrez-vous";
const LAST: &str = "Cordialement Remondin";

const PROGRAMS: &[Program] = &[
    Program {
        name: "Gmail",
        media: HTML,
        line: DIVS,
        reply: "<div dir=\"ltr\">{above}</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" class=\"gmail_attr\">Le jeu. 26 nov. 2026 à 10:15, Luc Remondin &lt;<a href=\"mailto:luc@ac-dijon.fr\">luc@ac-dijon.fr</a>&gt; a écrit :<br></div><blockquote class=\"gmail_quote\" style=\"margin:0px\"><div>Quel navigateur ouvrez-vous ?</div></blockquote>{between}<blockquote class=\"gmail_quote\"><div>Cordialement Remondin</div></blockquote></div>{below}",
    },
    Program {
        name: "Gmail, older",
        media: HTML,
        line: DIVS,
        reply: "<div dir=\"ltr\">{above}</div><div class=\"gmail_extra\"><br><div class=\"gmail_quote\">Le 26 novembre 2026 à 10:15, Luc Remondin <span dir=\"ltr\">&lt;<a href=\"mailto:luc@ac-dijon.fr\">luc@ac-dijon.fr</a>&gt;</span> a écrit :<br><blockquote class=\"gmail_quote\">Quel navigateur ouvrez-vous ?<br>Cordialement Remondin</blockquote></div>{below}</div>",
    },
    Program {
        name: "Gmail, plain",
        media: PLAIN,
        line: LINES,
        reply: "{above}\nLe jeu. 26 nov. 2026 à 10:15, Luc Remondin <luc.remondin@ac-dijon.fr> a\nécrit :\n\n> Quel navigateur ouvrez-vous ?\n{between}> Cordialement Remondin\n{below}",
    },
    Program {
        name: "Thunderbird",
        media: HTML,
        line: PARAGRAPHS,
        reply: "<html><body>{above}<div class=\"moz-cite-prefix\">Le 26/11/2026 à 10:15, Luc Remondin a écrit :<br></div><blockquote type=\"cite\" cite=\"mid:1@x\"><p>Quel navigateur ouvrez-vous ?</p></blockquote>{between}<blockquote type=\"cite\"><p>Cordialement Remondin</p></blockquote>{below}</body></html>",
    },
    Program {
        name: "Thunderbird, typed in front of the quote",
        media: HTML,
        line: ("<div class=\"moz-cite-prefix\">", "</div>"),
        reply: "<html><body>{above}<div class=\"moz-cite-prefix\"><br></div><div class=\"moz-cite-prefix\">Le 26/11/2026 à 10:15, Luc Remondin a écrit :<br></div><blockquote type=\"cite\" cite=\"mid:1@x\"><p>Quel navigateur ouvrez-vous ?</p><p>Cordialement Remondin</p></blockquote><p>{below}</p></body></html>",
    },
    Program {
        name: "Thunderbird, plain",
        media: FLOWED,
        line: LINES,
        reply: "{above}\nLe 26/11/2026 à 10:15, Luc Remondin a écrit :\n> Quel navigateur ouvrez-vous ?\n{between}> Cordialement Remondin\n{below}",
    },
    Program {
        name: "Thunderbird, without a blank line",
        media: PLAIN,
        line: LINES,
        reply: "{above}Luc Remondin a écrit :\n> Quel navigateur ouvrez-vous ?\n> Cordialement Remondin\n{below}",
    },
    Program {
        name: "Apple Mail",
        media: HTML,
        line: DIVS,
        reply: "<html><body>{above}<div><br><blockquote type=\"cite\"><div>Le 26 nov. 2026 à 10:15, Luc Remondin &lt;luc@ac-dijon.fr&gt; a écrit :</div><br class=\"Apple-interchange-newline\"><div><div>Quel navigateur ouvrez-vous ?</div></div></blockquote>{between}<blockquote type=\"cite\"><div>Cordialement Remondin</div></blockquote></div>{below}</body></html>",
    },
    Program {
        name: "Apple Mail, plain",
        media: PLAIN,
        line: LINES,
        reply: "{above}\n> Le 26 nov. 2026 à 10:15, Luc Remondin <luc@ac-dijon.fr> a écrit :\n> \n> Quel navigateur ouvrez-vous ?\n{between}> Cordialement Remondin\n{below}",
    },
    Program {
        name: "iPhone",
        media: HTML,
        line: DIVS,
        reply: "<html><body dir=\"auto\">{above}<br><div dir=\"ltr\">Envoyé de mon iPhone</div><div dir=\"ltr\"><br><blockquote type=\"cite\">Le 26 nov. 2026 à 10:15, Luc Remondin &lt;luc@ac-dijon.fr&gt; a écrit :<br><br></blockquote></div><blockquote type=\"cite\"><div dir=\"ltr\">Quel navigateur ouvrez-vous ?<br>Cordialement Remondin</div></blockquote>{below}</body></html>",
    },
    Program {
        name: "Yahoo",
        media: HTML,
        line: DIVS,
        reply: "<html><body><div class=\"ydp1\">{above}</div><div id=\"yahoo_quoted_1\" class=\"yahoo_quoted\"><div>Le jeudi 26 novembre 2026 à 10:15:00 UTC+1, Luc Remondin &lt;luc@ac-dijon.fr&gt; a écrit :</div><div>Quel navigateur ouvrez-vous ?</div>{within}<div>Cordialement Remondin</div></div>{below}</body></html>",
    },
    Program {
        name: "Yahoo, plain",
        media: PLAIN,
        line: LINES,
        reply: "{above}\n    Le jeudi 26 novembre 2026 à 10:15:00 UTC+1, Luc Remondin <luc@ac-dijon.fr> a écrit :\n\n Quel navigateur ouvrez-vous ?\n{within} Cordialement Remondin\n",
    },
    Program {
        name: "Roundcube",
        media: HTML,
        line: PARAGRAPHS,
        reply: "<html><body>{above}<p id=\"reply-intro\">Le 26-11-2026 10:15, Luc Remondin a écrit :</p><blockquote type=\"cite\" style=\"padding: 0 0.4em\"><div>Quel navigateur ouvrez-vous ?</div></blockquote>{between}<blockquote type=\"cite\"><div>Cordialement Remondin</div></blockquote>{below}</body></html>",
    },
    Program {
        name: "Roundcube, plain",
        media: FLOWED,
        line: LINES,
        reply: "{above}\nLe 26-11-2026 10:15, Luc Remondin a écrit :\n> Quel navigateur ouvrez-vous ?\n{between}> Cordialement Remondin\n{below}",
    },
    Program {
        name: "SOGo",
        media: HTML,
        line: BREAKS,
        reply: "<html>{above}<br />Le Jeudi, Novembre 26, 2026 10:15 CET, Luc Remondin &lt;luc@ac-dijon.fr&gt; a &eacute;crit:<br />&nbsp;<blockquote type=\"cite\" cite=\"1@x\">Quel navigateur ouvrez-vous ?<br />Cordialement Remondin</blockquote>{below}</html>",
    },
    Program {
        name: "BlueMind",
        media: HTML,
        line: DIVS,
        reply: "{above}<div><br></div><div>Le jeu. 26 nov. 2026, à 10:15, Luc Remondin a écrit&nbsp;:</div><blockquote style=\"margin-left:1rem\">Quel navigateur ouvrez-vous ?<br>Cordialement Remondin</blockquote>{below}",
    },
    Program {
        name: "Horde",
        media: "text/plain; charset=utf-8; format=flowed; DelSp=Yes",
        line: LINES,
        reply: "{above}\nLuc Remondin <luc@ac-dijon.fr> a écrit :\n\n> Quel navigateur ouvrez-vous ?\n{between}> Cordialement Remondin\n{below}",
    },
    Program {
        name: "Horde, HTML",
        media: HTML,
        line: PARAGRAPHS,
        reply: "{above}<p>Luc Remondin &lt;luc@ac-dijon.fr&gt; a écrit :</p><blockquote type=\"cite\" style=\"border-left:2px solid blue\">Quel navigateur ouvrez-vous ?<br>Cordialement Remondin</blockquote>{below}",
    },
    Program {
        name: "Convergence",
        media: HTML,
        line: BREAKS,
        reply: "{above}<br>Le 26/11/26 10:15, <b class=\"name\">Luc Remondin </b> &lt;luc@ac-dijon.fr&gt; a écrit :<br><blockquote cite=\"mid:1@x\" class=\"iwcQuote\" style=\"border-left: 1px solid\" type=\"cite\">Quel navigateur ouvrez-vous ?<br>Cordialement Remondin</blockquote>{below}",
    },
    Program {
        name: "Convergence, plain",
        media: PLAIN,
        line: LINES,
        reply: "{above}\nLe 26/11/26 10:15, Luc Remondin <luc@ac-dijon.fr> a écrit :\n> Quel navigateur ouvrez-vous ?\n{between}> Cordialement Remondin\n{below}",
    },
    Program {
        name: "Zimbra",
        media: HTML,
        line: DIVS,
        reply: "<html><body><div style=\"font-family: arial\">{above}<br><hr id=\"zwchr\" data-marker=\"__DIVIDER__\"><div data-marker=\"__HEADERS__\"><b>De: </b>\"Luc Remondin\" &lt;luc@ac-dijon.fr&gt;<br><b>À: </b>\"Anne\"<br><b>Envoyé: </b>Jeudi 26 Novembre 2026 10:15:00<br><b>Objet: </b>LSU<br></div><br><div data-marker=\"__QUOTED_TEXT__\">Quel navigateur ouvrez-vous ?<br>Cordialement Remondin</div>{below}</div></body></html>",
    },
    Program {
        name: "Zimbra, with a line beside the quote",
        media: HTML,
        line: DIVS,
        reply: "<html><body><div>{above}<br><hr id=\"zwchr\" data-marker=\"__DIVIDER__\"><div data-marker=\"__HEADERS__\"><b>De: </b>\"Luc Remondin\" &lt;luc@ac-dijon.fr&gt;<br><b>À: </b>\"Anne\"<br><b>Envoyé: </b>Jeudi 26 Novembre 2026 10:15:00<br><b>Objet: </b>LSU<br></div><br><div data-marker=\"__QUOTED_TEXT__\"><blockquote style=\"border-left:2px solid #1010FF\">Quel navigateur ouvrez-vous ?</blockquote>{between}<blockquote style=\"border-left:2px solid #1010FF\">Cordialement Remondin</blockquote></div></div>{below}</body></html>",
    },
    Program {
        name: "Zimbra, older",
        media: HTML,
        line: DIVS,
        reply: "<html><body>{above}<hr id=\"zwchr\"><blockquote style=\"border-left:2px solid #1010FF\"><b>De: </b>\"Luc Remondin\" &lt;luc@ac-dijon.fr&gt;<br><b>À: </b>\"Anne\"<br><b>Envoyé: </b>Jeudi 26 Novembre 2026 10:15:00<br><b>Objet: </b>LSU<br></blockquote><blockquote style=\"border-left:2px solid #1010FF\">Quel navigateur ouvrez-vous ?<br>Cordialement Remondin</blockquote>{below}</body></html>",
    },
    Program {
        name: "Proton",
        media: HTML,
        line: DIVS,
        reply: "{above}<div class=\"protonmail_signature_block\"><div class=\"protonmail_signature_block-proton\">Envoyé avec Proton Mail</div></div><div class=\"protonmail_quote\">Le jeudi 26 novembre 2026 à 10:15, Luc Remondin &lt;luc@ac-dijon.fr&gt; a écrit :<br><br><blockquote class=\"protonmail_quote\" type=\"cite\">Quel navigateur ouvrez-vous ?</blockquote>{between}<blockquote class=\"protonmail_quote\" type=\"cite\">Cordialement Remondin</blockquote></div>{below}",
    },
    Program {
        name: "Zimbra, plain",
        media: PLAIN,
        line: LINES,
        reply: "{above}\n----- Mail original -----\nDe: \"Luc Remondin\" <luc@ac-dijon.fr>\nÀ: \"Anne\" <anne@ac-dijon.fr>\nEnvoyé: Jeudi 26 Novembre 2026 10:15:00\nObjet: LSU\n\nQuel navigateur ouvrez-vous ?\n{within}Cordialement Remondin\n",
    },
    Program {
        name: "Zimbra, plain and quoted",
        media: PLAIN,
        line: LINES,
        reply: "{above}\n----- Le 26 Nov 26, à 10:15, Luc Remondin luc@ac-dijon.fr a écrit :\n\n> Quel navigateur ouvrez-vous ?\n> Cordialement Remondin\n{below}",
    },
    Program {
        name: "Outlook",
        media: HTML,
        line: ("<p class=\"MsoNormal\">", "</p>"),
        reply: "<html><body><div class=\"WordSection1\">{above}<p class=\"MsoNormal\">&nbsp;</p><div><div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\"><p class=\"MsoNormal\"><b>De&nbsp;:</b> Luc Remondin &lt;luc@ac-dijon.fr&gt;<br><b>Envoyé&nbsp;:</b> jeudi 26 novembre 2026 10:15<br><b>À&nbsp;:</b> Anne<br><b>Objet&nbsp;:</b> LSU</p></div></div><p class=\"MsoNormal\">Quel navigateur ouvrez-vous ?</p>{within}<p class=\"MsoNormal\">Cordialement Remondin</p></div></body></html>",
    },
    Program {
        name: "Outlook, plain",
        media: PLAIN,
        line: LINES,
        reply: "{above}\n________________________________\nDe : Luc Remondin\nEnvoyé : jeudi 26 novembre 2026 10:15\nÀ : Anne\nObjet : LSU\n\nQuel navigateur ouvrez-vous ?\n{within}Cordialement Remondin\n",
    },
    Program {
        name: "Outlook of 2007, plain",
        media: PLAIN,
        line: LINES,
        reply: "{above}\n-----Message d'origine-----\nDe : Luc Remondin [mailto:luc@ac-dijon.fr] \nEnvoyé : jeudi 26 novembre 2026 10:15\nÀ : Anne\nObjet : LSU\n\nQuel navigateur ouvrez-vous ?\n{within}Cordialement Remondin\n",
    },
    Program {
        name: "Outlook.com",
        media: HTML,
        line: ("<div class=\"elementToProof\">", "</div>"),
        reply: "<html><body dir=\"ltr\">{above}<div id=\"Signature\"><div>Anne Voisin</div></div><div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\" tabindex=\"-1\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><font><b>De :</b> Luc Remondin<br><b>Envoyé :</b> jeudi 26 novembre 2026 10:15<br><b>Objet :</b> LSU</font></div><div>Quel navigateur ouvrez-vous ?</div><div>Cordialement Remondin</div></body></html>",
    },
    Program {
        name: "Windows Live Mail",
        media: "text/plain; charset=utf-8; format=flowed; reply-type=original",
        line: LINES,
        reply: "{above}\n-----Message d'origine----- \nFrom: Luc Remondin\nSent: Thursday, November 26, 2026 10:15 AM\nTo: Anne\nSubject: LSU\n\nQuel navigateur ouvrez-vous ?\n{within}Cordialement Remondin\n",
    },
    Program {
        name: "Windows Live Mail, HTML",
        media: HTML,
        line: DIVS,
        reply: "<html><body>{above}<div style=\"FONT: 10pt tahoma\"><div>&nbsp;</div><div style=\"BACKGROUND: #f5f5f5\"><div><b>From:</b> <a href=\"mailto:luc@ac-dijon.fr\">Luc Remondin</a> </div><div><b>Sent:</b> Thursday, November 26, 2026 10:15 AM</div><div><b>To:</b> <a href=\"mailto:a@x.fr\">Anne</a> </div><div><b>Subject:</b> LSU</div></div></div><div>&nbsp;</div><div>Quel navigateur ouvrez-vous ?</div>{within}<div>Cordialement Remondin</div></body></html>",
    },
    Program {
        name: "Orange",
        media: PLAIN,
        line: LINES,
        reply: "{above}\n> Message du 26/11/26 10:15\n> De : \"Luc Remondin\" <luc@ac-dijon.fr>\n> A : anne@ac-dijon.fr\n> Copie à : \n> Objet : LSU\n> \n> Quel navigateur ouvrez-vous ?\n> Cordialement Remondin\n{below}",
    },
    Program {
        name: "Orange, HTML",
        media: HTML,
        line: PARAGRAPHS,
        reply: "{above}<blockquote style=\"border-left: 2px solid #ff8700\"><p>&gt; Message du 26/11/26 10:15<br>&gt; De : \"Luc Remondin\" &lt;luc@ac-dijon.fr&gt;<br>&gt; A : anne@ac-dijon.fr<br>&gt; Objet : LSU<br>&gt; <br>&gt; Quel navigateur ouvrez-vous ?<br>&gt; Cordialement Remondin</p></blockquote>{below}",
    },
    Program {
        name: "La Poste",
        media: PLAIN,
        line: LINES,
        reply: "{above}\nDe : \"Luc Remondin\" <luc@ac-dijon.fr>\nA : anne@ac-dijon.fr\nEnvoyé: jeudi 26 Novembre 2026 10:15\nObjet : LSU\n\nQuel navigateur ouvrez-vous ?\n{within}Cordialement Remondin\n",
    },
    Program {
        name: "Samsung",
        media: HTML,
        line: DIVS,
        reply: "<html><body>{above}<div><br></div><div id=\"composer_signature\"><div>Envoyé depuis mon appareil Galaxy</div></div><div><br></div><div>-------- Message d'origine --------</div><div>De : Luc Remondin &lt;luc@ac-dijon.fr&gt; </div><div>Date : 26/11/2026  10:15  (GMT+01:00) </div><div>À : Anne </div><div>Objet : LSU </div><div><br></div>Quel navigateur ouvrez-vous ?<br>{within}Cordialement Remondin</body></html>",
    },
    Program {
        name: "Samsung, plain",
        media: PLAIN,
        line: LINES,
        reply: "{above}\nEnvoyé depuis mon appareil Galaxy\n-------- Message d'origine --------\nDe : Luc Remondin <luc@ac-dijon.fr>\nDate : 26/11/2026 10:15 (GMT+01:00)\nÀ : Anne\nObjet : LSU\n\nQuel navigateur ouvrez-vous ?\n{within}Cordialement Remondin\n",
    },
    Program {
        name: "Outlook, in red",
        media: HTML,
        line: ("<p class=\"MsoNormal\"><span style=\"font-size:11.0pt;color:red\">", "</span></p>"),
        reply: "<html><body><div class=\"WordSection1\">{above}<p class=\"MsoNormal\">&nbsp;</p><div><div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\"><p class=\"MsoNormal\"><b>De&nbsp;:</b> Luc Remondin &lt;<a href=\"mailto:luc@ac-dijon.fr\"><span style=\"color:#0563C1\">luc@ac-dijon.fr</span></a>&gt;<br><b>Envoyé&nbsp;:</b> jeudi 26 novembre 2026 10:15<br><b>À&nbsp;:</b> Anne<br><b>Objet&nbsp;:</b> LSU</p></div></div><p class=\"MsoNormal\"><span style=\"color:#1F497D\">Quel navigateur ouvrez-vous ?</span></p>{between}<p class=\"MsoNormal\"><span style=\"color:black\">Cordialement Remondin</span></p></div></body></html>",
    },
    Program {
        name: "Outlook, highlighted",
        media: HTML,
        line: ("<p class=\"MsoNormal\"><span style=\"background:yellow;mso-highlight:yellow\">", "</span></p>"),
        reply: "<html><body><div class=\"WordSection1\">{above}<p class=\"MsoNormal\"><b>De&nbsp;:</b> Luc Remondin &lt;luc@ac-dijon.fr&gt;<br><b>Envoyé&nbsp;:</b> jeudi 26 novembre 2026 10:15<br><b>À&nbsp;:</b> Anne<br><b>Objet&nbsp;:</b> LSU</p><p class=\"MsoNormal\">Quel navigateur ouvrez-vous ?</p>{between}<p class=\"MsoNormal\">Cordialement Remondin</p>{between}</div></body></html>",
    },
    Program {
        name: "Samsung, in blue",
        media: HTML,
        line: ("<div><font color=\"#0000FF\">", "</font></div>"),
        reply: "<html><body>{above}<div><br></div><div>-------- Message d'origine --------</div><div>De : Luc Remondin &lt;luc@ac-dijon.fr&gt; </div><div>Date : 26/11/2026  10:15  (GMT+01:00) </div><div>À : Anne </div><div>Objet : LSU </div><div><br></div>Quel navigateur ouvrez-vous ?<br>{between}Cordialement Remondin</body></html>",
    },
    Program {
        name: "Gmail, in red within the quote",
        media: HTML,
        line: ("<div><span style=\"color:rgb(255,0,0)\">", "</span></div>"),
        reply: "<div dir=\"ltr\">{above}</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">Le jeu. 26 nov. 2026 à 10:15, Luc Remondin &lt;<a href=\"mailto:luc@ac-dijon.fr\">luc@ac-dijon.fr</a>&gt; a écrit :<br></div><blockquote class=\"gmail_quote\"><div>Quel navigateur ouvrez-vous ?</div>{between}<div>Cordialement Remondin</div></blockquote></div>",
    },
    Program {
        name: "Outlook.com, typed within the quote",
        media: HTML,
        line: ("<div class=\"elementToProof\" style=\"font-size:12pt\">", "</div>"),
        reply: "<html><body dir=\"ltr\">{above}<div id=\"Signature\"><div class=\"elementToProof\">Anne Voisin</div></div><div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\" tabindex=\"-1\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri\" color=\"#000000\"><b>De :</b> Luc Remondin &lt;luc@ac-dijon.fr&gt;<br><b>Envoyé :</b> jeudi 26 novembre 2026 10:15<br><b>À :</b> Anne<br><b>Objet :</b> LSU</font><div>&nbsp;</div></div><div dir=\"ltr\"><div class=\"x_elementToProof\">Quel navigateur ouvrez-vous ?</div>{between}<div class=\"x_elementToProof\">Cordialement Remondin</div></div>{below}</body></html>",
    },
    Program {
        name: "Outlook.com, typed above the header",
        media: HTML,
        line: DIVS,
        reply: "<html><body dir=\"ltr\">{above}<div id=\"appendonsend\"></div><div id=\"divRplyFwdMsg\" dir=\"ltr\">{between}<font color=\"#000000\"><b>De :</b> Luc Remondin &lt;luc@ac-dijon.fr&gt;<br><b>Envoyé :</b> jeudi 26 novembre 2026 10:15<br><b>À :</b> Anne<br><b>Objet :</b> LSU</font></div><div>Quel navigateur ouvrez-vous ?</div><div>Cordialement Remondin</div></body></html>",
    },
    Program {
        name: "Outlook.com, with a plain quote",
        media: HTML,
        line: DIVS,
        reply: "<html><body dir=\"ltr\">{above}<div id=\"divRplyFwdMsg\" dir=\"ltr\"><font color=\"#000000\"><b>De :</b> Luc Remondin &lt;luc@ac-dijon.fr&gt;<br><b>Envoyé :</b> jeudi 26 novembre 2026 10:15<br><b>À :</b> Anne<br><b>Objet :</b> LSU</font></div><div class=\"BodyFragment\"><font size=\"2\"><span style=\"font-size:11pt;\"><div class=\"PlainText\">Quel navigateur ouvrez-vous ?<br>Cordialement Remondin</div></span></font></div>{below}</body></html>",
    },
    Program {
        name: "Yahoo, typed within the quote",
        media: HTML,
        line: ("<div dir=\"ltr\" data-setdir=\"false\">", "</div>"),
        reply: "<html><body><div class=\"ydp1yahoo-style-wrap\">{above}</div><div id=\"ydp1yahoo_quoted_2\" class=\"ydp1yahoo_quoted\"><div style=\"color:#26282a;\"><div>Le jeudi 26 novembre 2026 à 10:15:00 UTC+1, Luc Remondin &lt;luc@ac-dijon.fr&gt; a écrit :</div><div><br></div><div><div dir=\"ltr\">Quel navigateur ouvrez-vous ?</div>{between}<div dir=\"ltr\">Cordialement Remondin</div></div></div></div></body></html>",
    },
    Program {
        name: "Yahoo, typed around the quote in its div",
        media: HTML,
        line: DIVS,
        reply: "<html><body><div>{above}</div><div id=\"yahoo_quoted_2\" class=\"yahoo_quoted\"><div>{between}<div>Le jeudi 26 novembre 2026 à 10:15:00 UTC+1, Luc Remondin &lt;luc@ac-dijon.fr&gt; a écrit :</div><div><div id=\"yiv123\"><div class=\"yiv123MsoNormal\" data-setdir=\"false\">Quel navigateur ouvrez-vous ?</div><div>Cordialement Remondin</div></div></div>{below}</div></div></body></html>",
    },
];

/// What people type, all that programs write at the head of a quote among it.
#[rustfmt::skip]
const SENTENCES: &[&str] = &[
    "Bonjour,", "Merci de votre aide.", "Bonne journée", "", "", "",
    "Le bilan de Nolan ne sort toujours pas de l'imprimante.",
    "Le bilan du CM2 reste vide",
    "Le 26 novembre 2026 à 10:15, tout marchait encore",
    "Le 26/11/2026 à 10:15 la mairie nous a écrit :",
    "Le 3 novembre, un parent m'a écrit :",
    "Le 26/11/2026 à 10:15, la mairie a écrit :",
    "Le 26 nov. 2026, Mme Petit a écrit que LSU était fermé.",
    "Le jeudi 26 novembre 2026",
    "Le technicien passe lundi :",
    "Le directeur <ce.0210001a@ac-dijon.fr> attend la réponse.",
    "On ne voit plus les élèves de CP dans la liste.",
    "On m'a dit hier que vous aviez la main",
    "On 26/11/2026 we saw it",
    "On a écrit à la DSDEN le 12/11/2026 :",
    "La collègue a écrit : rien ne marche.",
    "Hier Paul Remond a écrit :", "Comme Paul Remond a écrit :", "Et Claire Petit a écrit :",
    "Envoyé de mon iPad n'a rien changé", "Envoyé depuis mon téléphone : fichier vide",
    "Elle a écrit :", "Qui a écrit cela ?", "a écrit :", "wrote:",
    "Mon adresse est ce.0210001a@ac-dijon.fr",
    "ce.0210001a@ac-dijon.fr",
    "Écrivez à claire.petit@ac-dijon.fr ou anne@x.fr :",
    "claire.petit@ac-dijon.fr a écrit hier à la circonscription :",
    "Voici ce que l'écran affiche :",
    "Voici les élèves :", "Nolan, CM2 : bilan vide", "Emma, CE1 : 12/20",
    "De : la directrice", "À : l'assistance", "Objet : livrets vides", "Date : jeudi", "Envoyé : ce matin",
    "De : 9 h à 10 h, rien ne marche", "Cc : la circonscription",
    "12/11/2026", "10:15", "2026", "03 80 00 00 00", "n° 12 : 10h15",
    "Quoting is not possible:", "Citant la notice :", "En réponse à votre question :",
    "Anne Voisin", "Directrice, école Jules-Ferry", "Tél. : 03 80 11 22 33", "Cordialement,",
    "Envoyé depuis mon ordinateur, le fichier ne passe pas.",
    "--> le livret reste vide", "* premier point", "- second point", "1) ouvrir LSU ; 2) imprimer",
    "Message d'origine : je ne l'ai plus", "Message du 12 : rien", "_ _ _", "Ok ?", "Non !",
    "Que faire ? Le parent attend, on m'a dit : lundi. Le 12/11 au plus tard…",
];

fn typed() -> impl Strategy<Value = Vec<String>> {
    let words = prop::sample::select(vec![
        "Le",
        "On",
        "a écrit",
        "le 12/11/2026",
        "à 10:15",
        "claire@ac-dijon.fr",
        ":",
        "Luc",
        "De :",
        "nov.",
        "2026,",
        "Objet :",
        "<anne@x.fr>",
        "m'a dit",
        "la mairie",
        ".",
        "Quoting",
    ]);
    let mixed = prop::collection::vec(words, 1..7).prop_map(|words| words.join(" "));
    // «<anne@x.fr> a écrit :» is a program's whole line by chance; that people end so, the sentences have.
    let is_of_program =
        |line: &String| line.ends_with("a écrit :") || line.starts_with("Quoting ") && line.ends_with(':');
    let mixed = mixed.prop_filter("a program writes so", move |line| !is_of_program(line));
    let sentence = prop::sample::select(SENTENCES).prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![6 => sentence, 1 => mixed], 0..7)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Program {
    fn lines(&self, typed: &[String]) -> String {
        let (before, after) = self.line;
        let line = |line: &String| match (self.media == HTML, line.as_str()) {
            (false, line) => format!("{before}{line}{after}"),
            (true, "") => format!("{before}<br>{after}"),
            (true, line) => format!("{before}{}{after}", escaped(line)),
        };
        typed.iter().map(line).collect()
    }

    fn takes(&self, place: &str) -> bool {
        self.reply.contains(place)
    }

    fn read(&self, above: &[String], between: &[String], below: &[String]) -> Received {
        self.read_with("RE: LSU", [above, between, below])
    }

    fn read_with(&self, subject: &str, [above, between, below]: [&[String]; 3]) -> Received {
        self.read_all(subject, [("{above}", above), ("{between}", between), ("{below}", below), ("{within}", &[])])
    }

    fn read_all(&self, subject: &str, typed: [(&str, &[String]); 4]) -> Received {
        let body =
            typed.iter().fold(self.reply.to_owned(), |body, (place, typed)| body.replace(place, &self.lines(typed)));
        let mail = format!(
            "From: anne@ac-dijon.fr\nSubject: {subject}\nMIME-Version: 1.0\nContent-Type: {}\nContent-Transfer-Encoding: 8bit\n\n{body}",
            self.media
        );
        received(mail, "2026-11-27T12:00:00Z".parse().unwrap())
    }
}

/// A line as it is compared: one blank between words.
fn bare(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Each line that is typed and is not among those that are seen.
fn hidden(typed: &[&[String]], text: &str) -> Vec<String> {
    let mut seen: Vec<String> = text.lines().map(bare).collect();
    let mut hidden = Vec::new();
    for line in typed.iter().copied().flatten().map(|line| bare(line)).filter(|line| !line.is_empty()) {
        match seen.iter().position(|seen| *seen == line) {
            Some(at) => drop(seen.swap_remove(at)),
            None => hidden.push(line),
        }
    }
    hidden
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn all_that_is_typed_is_seen(above in typed(), between in typed(), below in typed()) {
        for program in PROGRAMS {
            let between: &[String] = if program.takes("{between}") { &between } else { &[] };
            let below: &[String] = if program.takes("{below}") { &below } else { &[] };
            let text = program.read(&above, between, below).body.text;
            prop_assert_eq!(hidden(&[&above, between, below], &text), Vec::<String>::new(), "{}: {}", program.name, text);
        }
    }

    #[test]
    fn what_is_typed_without_a_trace_is_seen_where_the_person_says_so(above in typed(), within in typed()) {
        let says_so = [&above[..], &["Mes réponses en gras dans votre message.".to_owned()]].concat();
        for program in PROGRAMS.iter().filter(|program| program.takes("{within}")) {
            let typed: [(&str, &[String]); 4] =
                [("{above}", &says_so), ("{between}", &[]), ("{below}", &[]), ("{within}", &within)];
            let text = program.read_all("RE: LSU", typed).body.text;
            prop_assert_eq!(hidden(&[&says_so, &within], &text), Vec::<String>::new(), "{}: {}", program.name, text);
            prop_assert!(text.contains(FIRST), "what is answered is seen, too");
        }
    }

    #[test]
    fn a_mail_that_answers_none_shows_what_it_quotes(above in typed(), below in typed()) {
        for program in PROGRAMS {
            let below: &[String] = if program.takes("{below}") { &below } else { &[] };
            let text = program.read_with("LSU : livrets", [&above, &[], below]).body.text;
            prop_assert!(text.contains(FIRST) && text.contains(LAST), "{}: {}", program.name, text);
            prop_assert_eq!(hidden(&[&above, below], &text), Vec::<String>::new(), "{}: {}", program.name, text);
        }
    }

    #[test]
    fn a_quote_with_nothing_below_is_folded(above in typed()) {
        let says = above.iter().any(|line| line.contains(char::is_alphanumeric));
        for program in PROGRAMS.iter().filter(|_| says) {
            let text = program.read(&above, &[], &[]).body.text;
            prop_assert!(!text.contains(FIRST) && !text.contains(LAST), "{}: {}", program.name, text);
            prop_assert_eq!(hidden(&[&above], &text), Vec::<String>::new(), "{}: {}", program.name, text);
        }
    }
}

#[test]
fn what_announces_the_quote_is_folded_with_it() {
    for program in PROGRAMS {
        let above = ["Bonjour,", "", "Le bilan est vide.", "On attend."].map(str::to_owned);
        let received = program.read(&above, &[], &[]);
        assert_eq!(hidden(&[&above], &received.body.text), [""; 0], "{}", program.name);
        let signature = ["Anne Voisin", "Envoyé de"];
        let rest =
            received.body.text.lines().filter(|line| !line.is_empty() && !signature.iter().any(|it| line.contains(it)));
        assert_eq!(rest.count(), 3, "{}: {}", program.name, received.body.text);
        assert!(received.body.folded_html.is_some_and(|folded| folded.contains(FIRST) && folded.contains(LAST)));
    }
}
