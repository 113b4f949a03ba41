"""The taxonomy of skills (技能分类) and the codes of levels and disciplines: dated YAML, read once.

A skill's place in the taxonomy is its bit in the index, so a row made with another version of the
file is made again. Holds no word about a person.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SKILLS_MAX = 256
_REFERENCE = Path(__file__).parent / "reference"


@dataclass(frozen=True)
class Skill:
    """One skill. `number` is its bit; `group` the number of its group; `terms` are normal."""

    number: int
    skill_id: str
    zh: str
    en: str
    group: int
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """A group of skills that are near to each other."""

    number: int
    group_id: str
    zh: str
    en: str
    skills: tuple[int, ...]


@dataclass(frozen=True)
class Taxonomy:
    """Every skill and group; `version` names the content of the files."""

    version: str
    skills: tuple[Skill, ...]
    groups: tuple[Group, ...]

    def of(self, skill_id: str) -> Skill | None:
        """The skill with this id."""
        return _by_id(self).get(skill_id)

    def siblings(self, number: int) -> tuple[int, ...]:
        """The other skills of its group."""
        group = self.groups[self.skills[number].group]
        return tuple(other for other in group.skills if other != number)


def normal(text: str) -> str:
    """Text as it is compared: full width to half width, lower case."""
    return unicodedata.normalize("NFKC", text).lower()


@cache
def taxonomy() -> Taxonomy:
    """The taxonomy of this build. Raises ValueError when the file contradicts itself."""
    raw = (_REFERENCE / "skills.yaml").read_bytes()
    skills: list[Skill] = []
    groups: list[Group] = []
    owner: dict[str, str] = {}
    for group_number, group in enumerate(yaml.safe_load(raw)["groups"]):
        first = len(skills)
        for skill_id, row in group["skills"].items():
            terms = tuple(dict.fromkeys(map(normal, [row["zh"], row["en"], *row["also"]])))
            for term in terms:
                if owner.setdefault(term, skill_id) != skill_id:
                    raise ValueError(f"skills.yaml: {term} names {owner[term]} and {skill_id}.")
            skills.append(Skill(len(skills), skill_id, row["zh"], row["en"], group_number, terms))
        numbers = tuple(range(first, len(skills)))
        groups.append(Group(group_number, group["id"], group["zh"], group["en"], numbers))
    if len(skills) > SKILLS_MAX:
        raise ValueError(f"skills.yaml has {len(skills)} skills; the index holds {SKILLS_MAX}.")
    return Taxonomy(hashlib.sha256(raw).hexdigest()[:12], tuple(skills), tuple(groups))


@cache
def _by_id(known: Taxonomy) -> dict[str, Skill]:
    return {skill.skill_id: skill for skill in known.skills}


@cache
def _codes() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((_REFERENCE / "codes.yaml").read_text("utf-8"))
    return found


def levels() -> dict[int, dict[str, str]]:
    """Levels of talent (层级), lowest first."""
    found: dict[int, dict[str, str]] = _codes()["levels"]
    return found


def disciplines() -> dict[int, dict[str, str]]:
    """Disciplines (学科) by code; the first digit is the family."""
    found: dict[int, dict[str, str]] = _codes()["disciplines"]
    return found
