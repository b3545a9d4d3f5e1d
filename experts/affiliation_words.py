"""The words of institutions' names and addresses: what means the same, what tells nothing, which country. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import pycountry

from experts.spelling import fold, words


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def _table(**lists: str) -> dict[str, str]:
    return {word: meaning for meaning, listed in lists.items() for word in listed.split()}


# Translations and abbreviations that stand in one place of a name whatever the language; cities with two names.
_MEANING: Final = _table(
    university="universitat universite universidad universidade universita universiteit universitet universitetet "
    "universitesi universiteti univerzita univerzitet univerza uniwersytet universitatea universitas universiti "
    "universities univ universitaire universitaires universitario universitaria univercity universty "
    "universtiy univeristy univesity",
    institute="institut instituto istituto instituut institutes institution inst",
    center="centre centro zentrum centrum centra centers centres",
    hospital="hospitals ospedale krankenhaus hopital hopitaux spital szpital hospitalar hastanesi hospitalier "
    "hospitaliers hospitalario ospedaliera ospedaliero",
    technology="technologies technological technologie tecnologia",
    technical="technische technischen tecnica tecnico technique technisch",
    polytechnic="polytechnique politecnico politecnica polytechnical politechnika",
    medical="medicine medicina medicale medizin medizinische",
    science="sciences",
    saint="st sankt santo sao san sainte santa",
    college="colleges colegio",
    academy="academia akademie academie akademia",
    national="nacional nazionale nationale natl",
    federal="federale",
    research="recherche ricerca forschung",
    organization="organisation organizacion",
    applied="angewandte",
    agriculture="agricultural agronomy",
    economics="economic",
    education="educational educacion",
    autonomous="autonoma autonomo autonome",
    catholic="catolica cattolica catholique katholische",
    pontifical="pontificia",
    postgraduate="postgraduation",
    cologne="koln",
    munich="munchen",
    vienna="wien",
    milan="milano",
    rome="roma",
    turin="torino",
    florence="firenze",
    naples="napoli",
    padua="padova",
    genoa="genova",
    prague="praha",
    warsaw="warszawa",
    lisbon="lisboa",
    seville="sevilla",
    ghent="gent",
    geneva="geneve genf",
    basel="basle bale",
    bern="berne",
    copenhagen="kobenhavn",
    gothenburg="goteborg",
    nuremberg="nurnberg",
    hanover="hannover",
    krakow="cracow",
    kyiv="kiev",
    kharkiv="kharkov",
    lviv="lvov",
    mumbai="bombay",
    kolkata="calcutta",
    chennai="madras",
    bengaluru="bangalore",
)
IDLE: Final = _set(
    "of and the for de du des der die das la le les el los las do da dos di del della dell dello degli dei delle y e "
    "et und en zu zur an at in a i van voor och og na auf fur fuer on to with by deemed be"
)
TOWN: Final = _set("si shi gun")  # "Cheongju-si" is the city of Cheongju
# Between a part and the whole it belongs to: "School of Law of the University of X".
LINKS: Final = _set("of at the de du des der la le les el do da di del della dell degli dei delle in an am zu zur d l")
# Parts of an institution: what may stand beside its name and be left out.
PARTS: Final = _set(
    "school faculty department dept division campus college institute center laboratory lab unit program programme "
    "section graduate undergraduate chair library service group facultad faculdade fakultat faculte departamento"
)
SCHOOLS: Final = _set("school college department faculty campus")
CENTERS: Final = _set("center program institute")
PROFESSIONS: Final = _set("medical law business public")  # of whose schools the university is left out
UNITS: Final = _set("institute center laboratory school")
# Houses of their own even where a university lends the name: what is beside them is not the university.
HOUSES: Final = _set("hospital klinikum clinic clinics klinik policlinico healthcare cancer chu infirmary hospitalario")
# What tells that words name an institution at all.
KINDS: Final = _set(
    "university institute college hospital academy school center polytechnic hochschule fachhochschule klinikum clinic "
    "foundation laboratory council ministry agency company corporation inc ltd gmbh"
)

_COUNTRIES_TOO: Final = {
    "US": "usa|us|united states|america",
    "GB": "uk|great britain|england|scotland|wales|northern ireland",
    "CN": "pr china|p r china|peoples republic of china|people s republic of china|prc|mainland china|p r of china",
    "IR": "iran|ir iran|i r iran",
    "KR": "south korea|korea|republic of korea|rok",
    "KP": "north korea",
    "RU": "russia",
    "TW": "taiwan|taiwan roc|taiwan r o c|republic of china|roc",
    "HK": "hong kong|hong kong sar",
    "MO": "macau|macao|macau sar",
    "NL": "netherlands|holland",
    "DE": "deutschland",
    "AT": "osterreich",
    "CY": "northern cyprus|north cyprus|trnc",
    "CH": "schweiz|suisse|svizzera",
    "ES": "espana",
    "IT": "italia",
    "BR": "brasil",
    "PL": "polska",
    "BE": "belgie|belgique",
    "TR": "turkey|turkiye",
    "CZ": "czech republic",
    "SK": "slovak republic",
    "AE": "uae|u a e",
    "SA": "ksa|kingdom of saudi arabia",
    "PS": "palestine",
    "SY": "syria",
    "MD": "moldova",
    "TZ": "tanzania",
    "VE": "venezuela",
    "BO": "bolivia",
    "LA": "laos",
    "VN": "vietnam",
    "BN": "brunei",
    "CI": "ivory coast|cote divoire",
    "CD": "dr congo|democratic republic of congo",
    "IE": "republic of ireland",
    "XK": "kosovo",
    "MK": "macedonia|republic of macedonia",
    "QA": "state of qatar",
    "OM": "sultanate of oman",
    "MM": "burma",
    "GM": "the gambia",
}
# What people write for the one in whose books the other stands.
_ALSO: Final = {
    "HK": "CN",
    "MO": "CN",
    "TW": "CN",
    "PR": "US",
    "GP": "FR",
    "MQ": "FR",
    "GF": "FR",
    "RE": "FR",
    "NC": "FR",
}


def _countries() -> dict[str, str]:
    known = {}
    for country in pycountry.countries:
        for name in (country.name, getattr(country, "common_name", ""), getattr(country, "official_name", "")):
            known[fold(name)] = country.alpha_2
    for code, names in _COUNTRIES_TOO.items():
        known |= dict.fromkeys(names.split("|"), code)
    return known


COUNTRIES: Final = _countries()
"""ISO 3166-1 alpha-2 by folded name."""
LEGAL: Final = _set("gmbh ltd inc co corp llc ag ev av limited eu")
PLACES: Final = frozenset(word for name in COUNTRIES for word in name.split()) - {"", "of", "and", "the"}


def meant(word: str) -> str:
    """A folded word as it is indexed: "universitat" → "university"."""
    return _MEANING.get(word, word)


def telling(text: str) -> list[str]:
    """The words that count, as they are indexed: "Universität zu Köln" → ["university", "koln"]."""
    return [meant(word) for word in words(text) if word not in IDLE]


_GERMAN: Final = _set("universitatsklinikum universitatsmedizin universitatsspital")
_FRAME: Final = _set("center azienda complejo complexo")  # "Centre Hospitalier Universitaire de Tours"


def spellings(said: list[str]) -> list[list[str]]:
    """A university's hospital goes by several names of the same sense, which few registers list: all of them."""
    if not said:
        return []
    plain = [part for word in said for part in (("university", "hospital") if word in _GERMAN else (word,))]
    named = set(plain)
    if "university" not in named or not ("hospital" in named or {"medical", "center"} <= named):
        return [said]
    where = [word for word in plain if word not in _FRAME | {"university", "hospital", "medical"}]
    same = (["university", "hospital"], ["university", "medical", "center"], ["chu"]) if where else ()
    return [said, *(each for each in ([*which, *where] for which in same) if sorted(each) != sorted(said))]


def agree(country: str, written: tuple[str, ...]) -> bool:
    """Whether an institution of that country can be meant where these are written."""
    return country in written or _ALSO.get(country) in written


@lru_cache(maxsize=2**17)
def skeleton(word: str) -> str:
    """What most slips and transliterations leave: "hamadan", "hamedan" → "hmdn"; "bengaluru", "bangalore" → "bnglr"."""
    bones = word[:1]
    for sign in word[1:]:
        if sign not in "aeiouyh" and sign != bones[-1]:
            bones += sign
    return bones
