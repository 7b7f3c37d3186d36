"""What the system's refusals mean, in French: an errno is a number and its usual words are English."""

import errno
from typing import Final

_WHY: Final = {
    errno.EACCES: "vous n’en avez pas le droit",
    errno.EPERM: "le système l’interdit",
    errno.ENOENT: "il n’existe pas",
    errno.EEXIST: "un fichier de ce nom existe déjà",
    errno.ENOTDIR: "ce n’est pas dans un dossier",
    errno.EISDIR: "c’est un dossier",
    errno.ENOSPC: "le disque est plein",
    errno.EDQUOT: "votre espace est épuisé",
    errno.EFBIG: "le fichier serait trop grand",
    errno.EROFS: "le disque est en lecture seule",
    errno.ENAMETOOLONG: "le nom est trop long",
    errno.EIO: "le disque est en panne",
    errno.EMFILE: "trop de fichiers sont ouverts",
    errno.EADDRNOTAVAIL: "cette machine n’a pas cette adresse",
}


def why(error: OSError) -> str:
    """The reason of a refusal, as the end of a sentence; its number's name where there is no French for it."""
    number = error.errno or 0
    return _WHY.get(number, f"erreur {errno.errorcode.get(number, 'du système')}")
