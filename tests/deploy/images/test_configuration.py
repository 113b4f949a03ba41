"""The table of settings in docs/operations says what the settings classes say."""

import pytest

from deploy import configuration
from deploy.configuration import DOCUMENTS, NoWords, Setting, known_variables, stale, table


def test_the_tables_are_current() -> None:
    assert stale() == [], "run: python -m deploy.configuration"


@pytest.mark.parametrize("language", DOCUMENTS)
def test_every_setting_has_its_row(language: str) -> None:
    rows = table(language)
    variables = known_variables() - {configuration.SECRETS_DIR}
    assert all(rows.count(f"| `{variable}` |") == 1 for variable in variables)
    assert "| `TERRACE_KAFKA` | `127.0.0.1:9092` |" in rows


@pytest.mark.parametrize("language", DOCUMENTS)
def test_a_setting_without_words_is_named(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    new = Setting("TERRACE_NEW_LIMIT", "1", (), "", secret=False)
    monkeypatch.setattr(configuration, "settings", lambda: (new,))
    with pytest.raises(NoWords, match="TERRACE_NEW_LIMIT"):
        table(language)
