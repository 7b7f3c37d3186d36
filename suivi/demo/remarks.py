"""What agents of the fictitious town hall write: comments of events, reasons to wait, closing words, letters."""

from typing import Final

COMMENTS: Final[dict[str, tuple[str, ...]]] = {
    "piece_demandee": (
        "Justificatif de domicile de moins de trois mois demandé par courriel.",
        "Copie de la pièce d’identité illisible, nouvelle copie demandée.",
        "Il manque la signature sur la dernière page ; formulaire renvoyé.",
        "Demandé le plan de l’emplacement avec les cotes.",
        "Livret de famille demandé pour vérifier la filiation.",
        "Attestation d’assurance périmée, demandé celle de l’année en cours.",
    ),
    "piece_recue": (
        "Justificatif de domicile reçu ce matin au guichet, conforme.",
        "Pièce d’identité reçue par la poste, recto et verso.",
        "Plan reçu, transmis pour avis au service technique.",
        "Reçu l’attestation de quotient familial.",
        "Dossier complet.",
        "Pièce reçue mais incomplète : la page 2 manque.",
    ),
    "appel_usager": (
        "Appelé, pas de réponse, message laissé sur le répondeur.",
        "L’usager a appelé pour savoir où en est sa demande : délai expliqué.",
        "Joint par téléphone : passera jeudi après-midi avec l’original.",
        "Appel de l’usager : la date peut être décalée d’une semaine.",
        "Numéro non attribué, relance par courrier.",
        "A précisé que le nom s’écrit sans trait d’union.",
    ),
    "acte_expedie": (
        "Un exemplaire expédié par la poste ce jour.",
        "Deux copies intégrales envoyées à l’adresse indiquée.",
        "Extrait plurilingue joint à l’envoi.",
        "Envoi en lettre suivie à la demande de l’usager.",
        "Registre de 1958 : acte retrouvé sous l’orthographe ancienne du nom, expédié.",
    ),
    "rendez_vous_fixe": (
        "Rendez-vous mardi à 10 h 30, guichet 2.",
        "Rendez-vous samedi matin à 9 h 15, les deux personnes seront présentes.",
        "Rendez-vous déplacé à vendredi 14 h à la demande de l’usager.",
        "Visite du logement prévue mercredi à 17 h, accord de l’occupant.",
        "Rendez-vous sur place avec le service technique lundi à 8 h 30.",
    ),
    "courrier_envoye": (
        "Courrier de demande de pièces envoyé, réponse attendue sous quinze jours.",
        "Arrêté envoyé pour affichage sur place.",
        "Demande de vérification envoyée à la mairie du lieu de naissance.",
        "Deuxième courrier, le premier est revenu « n’habite pas à l’adresse indiquée ».",
        "Courrier d’information transmis à la communauté de communes.",
    ),
}
HOLD_DETAILS: Final[dict[str, tuple[str, ...]]] = {
    "piece_demandee": (
        "Attente du justificatif de domicile.",
        "Attente de la copie de la pièce d’identité.",
        "Attente de l’acte de naissance de moins de trois mois.",
        "Attente de l’attestation d’assurance.",
    ),
    "avis_attendu": (
        "Avis du service technique demandé.",
        "Avis de la gendarmerie attendu avant l’arrêté.",
        "Avis de l’architecte des Bâtiments de France.",
        "Réponse de la commune de naissance attendue.",
    ),
    "rendez_vous": (
        "Rendez-vous pris dans dix jours.",
        "L’usager rappelle à son retour de congés pour fixer la date.",
        "Visite du logement à organiser.",
    ),
    "autre": (
        "Registre en cours de restauration.",
        "Décision du conseil municipal du mois prochain.",
        "Panne du logiciel de la préfecture.",
    ),
}
CLOSING_COMMENTS: Final[dict[str, tuple[str, ...]]] = {
    "traitee": (
        "Votre demande a reçu une suite favorable.",
        "Les documents vous ont été envoyés par la poste ce jour.",
        "Le document est à votre disposition au guichet, aux heures d’ouverture.",
        "L’intervention a été faite par nos équipes.",
        "",
    ),
    "refusee": (
        "Les pièces fournies ne permettent pas de répondre favorablement. Un courrier motivé vous est adressé.",
        "Le demandeur n’a pas qualité pour obtenir ce document ; un extrait sans filiation reste possible.",
        "L’emplacement demandé n’est pas compatible avec la circulation. Un courrier motivé vous est adressé.",
    ),
    "sans_suite": (
        "Vous avez renoncé à votre demande.",
        "Sans réponse de votre part à nos deux relances, la demande est classée. Vous pouvez en déposer une nouvelle.",
        "La demande faisait double emploi avec une demande déjà traitée.",
    ),
    "transmise": (
        "Votre demande relève d’une autre commune, à qui nous l’avons transmise.",
        "La voie concernée appartient au département ; ses services sont prévenus.",
        "Le dossier est transmis à la communauté de communes, qui vous répondra.",
    ),
}
REASSIGNMENT_NOTES: Final[tuple[str, ...]] = (
    "Je suis en congés à partir de demain, merci de prendre la suite.",
    "Dossier qui relève plutôt de toi, l’usager rappellera lundi.",
    "Pour équilibrer la charge de la semaine.",
    "Tu as déjà suivi sa demande précédente.",
    "",
)
CONTACT_LETTERS: Final[tuple[tuple[str, str], ...]] = (
    (
        "Une pièce manque à votre demande {reference}",
        """\
Bonjour {usager},

Pour poursuivre le traitement de votre demande « {demarche} » (référence {reference}), il nous manque un justificatif
de domicile de moins de trois mois. Merci de l’apporter ou de l’envoyer par la poste.

{agent}
{service}
{coordonnees_service}
""",
    ),
    (
        "Rendez-vous pour votre demande {reference}",
        """\
Bonjour {usager},

Nous vous proposons un rendez-vous mardi à 10 h 30 pour votre demande « {demarche} » (référence {reference}).
Si ce moment ne vous convient pas, merci de nous appeler.

{agent}
{service}
{coordonnees_service}
""",
    ),
    (
        "Votre demande {reference} avance",
        """\
Bonjour {usager},

Votre demande « {demarche} » (référence {reference}) est toujours en cours : nous attendons la réponse d’un autre
service et vous écrirons dès que nous l’aurons.

{agent}
{service}
{coordonnees_service}
""",
    ),
)
