"""What the matcher reads out of a text, and what it never reads."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.talent.matching.features import Offer, Profile
from services.talent.matching.recognise import recognise, unrecognised
from services.talent.matching.taxonomy import SKILLS_MAX, taxonomy


def ids(text: str, *, weak: bool | None = None) -> set[str]:
    return {
        taxonomy().skills[mention.skill].skill_id
        for mention in recognise(text)
        if weak is None or mention.weak is weak
    }


@pytest.mark.parametrize(
    ("text", "skill"),
    [
        ("熟悉西门子S7编程", "plc"),
        ("ＰＬＣ调试", "plc"),
        ("负责伺服电机选型", "servo"),
        ("C/C++ 开发五年", "cpp"),
        ("持电工证,从事维修", "electrician"),
        ("Kubernetes and Docker in production", "cloud-native"),
    ],
)
def test_synonyms_and_writings_lead_to_one_skill(text: str, skill: str) -> None:
    assert skill in ids(text, weak=False)


@pytest.mark.parametrize(
    ("text", "skill"),
    [
        ("精通JavaScript", "java"),
        ("不会PLC编程", "plc"),
        ("没有数控加工经验", "cnc-machining"),
        ("家住东莞,爱好摄影", "photonics"),
    ],
)
def test_what_is_not_there_is_not_read(text: str, skill: str) -> None:
    assert skill not in ids(text)


def test_similar_words_are_marked_as_such() -> None:
    assert "machine-vision" in ids("产品表面视觉缺陷的自动检测")


def test_every_term_of_the_taxonomy_is_recognised() -> None:
    for skill in taxonomy().skills:
        for term in skill.terms:
            assert skill.number in {mention.skill for mention in recognise(term)}, term
    assert len(taxonomy().skills) <= SKILLS_MAX


def test_unknown_words_are_told() -> None:
    assert unrecognised(["PLC编程", "驯鹿饲养"]) == ("驯鹿饲养",)


PERSONAL = [
    "女",
    "男",
    "35岁",
    "1987年出生",
    "回族",
    "汉族",
    "藏族",
    "已婚已育",
    "形象气质佳",
    "照片见附件",
]


@pytest.mark.parametrize("word", PERSONAL)
@pytest.mark.parametrize("text", ["熟悉PLC编程,从事机器视觉十年", "从事产品表面缺陷的自动识别", ""])
def test_words_about_sex_age_ethnicity_or_looks_change_nothing(text: str, word: str) -> None:
    assert recognise(f"{word},{text}") == recognise(text)
    assert recognise(f"{text}。{word}") == recognise(text)


def test_the_matcher_has_no_place_for_what_it_must_not_use() -> None:
    names = {field.name for kind in (Profile, Offer) for field in dataclasses.fields(kind)}
    assert not names & {"sex", "gender", "age", "birth", "ethnicity", "photo", "name", "married"}


@given(st.text(max_size=300))
def test_any_text_is_read_twice_to_the_same_end(text: str) -> None:
    assert recognise(text) == recognise(text)
    assert len({mention.skill for mention in recognise(text)}) == len(recognise(text))
