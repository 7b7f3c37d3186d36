"""Figures from the command line."""

import pytest

from tests.suivi.conftest import CommandLine


def test_without_dates_from_the_first_fact_to_today(town: CommandLine) -> None:
    document = town("statistics", "--json").json
    assert (document["from"], document["by"], document["rows"]) == ("2025-03-03", None, [])
    assert document["totals"]["received"] == 12


def test_days_are_local_and_both_ends_count(town: CommandLine) -> None:
    june = town("statistics", "--from", "2025-06-30", "--to", "2025-06-30", "--json").json["totals"]
    july = town("statistics", "--from", "2025-07-01", "--to", "2025-07-01", "--json").json["totals"]
    assert (june["received"], july["received"]) == (1, 1)


def test_a_period_before_the_first_fact_is_empty_and_in_order(town: CommandLine) -> None:
    document = town("statistics", "--to", "2000-01-01", "--json").json
    assert (document["from"], document["to"], document["totals"]["received"]) == ("2000-01-01", "2000-01-01", 0)
    rows = town("export", "statistics", "--to", "2000-01-01", "--format", "jsonl").out
    assert '"from":"2000-01-01","to":"2000-01-01"' in rows


@pytest.mark.parametrize("command", [("statistics",), ("export", "statistics")])
def test_a_period_that_begins_in_the_future_is_refused(town: CommandLine, command: tuple[str, ...]) -> None:
    done = town(*command, "--from", "2099-01-01")
    assert (done.code, done.out) == (1, "")
    assert "La période commence après sa fin" in done.err


def test_time_on_hold_is_left_out(town: CommandLine) -> None:
    row = town("statistics", "--from", "2025-03-12", "--to", "2025-03-12", "--json").json["totals"]
    gross = (9 * 24 + 45 / 60) * 3_600
    held = 7 * 24 * 3_600
    assert row["to_close"]["count"] == 1
    assert row["to_close"]["mean_s"] == pytest.approx(gross - held)
    assert row["to_close"]["median_s"] == pytest.approx(gross - held, rel=0.01)


def test_by_agent_counts_who_did_it_and_owners(town: CommandLine) -> None:
    document = town("statistics", "--by", "agent", "--to", "2026-01-31", "--json").json
    rows = {row["key"]: row for row in document["rows"]}
    assert [row["key"] for row in document["rows"]] == [None, "amelie", "bruno", "chloe"]
    assert (rows["amelie"]["taken"], rows["bruno"]["taken"], rows["chloe"]["taken"]) == (4, 2, 3)
    assert (rows["amelie"]["closed"], rows["bruno"]["closed"]) == (2, 3)
    assert rows[None]["received"] == 12
    assert {key: row["open"] for key, row in rows.items()} == {None: 2, "amelie": 2, "bruno": 1, "chloe": 2}


@pytest.mark.parametrize("by", ["procedure", "service", "channel", "day", "week", "month", "year"])
def test_rows_add_up(town: CommandLine, by: str) -> None:
    document = town("statistics", "--by", by, "--to", "2026-01-31", "--json").json
    keys = [row["key"] for row in document["rows"]]
    assert keys == sorted(keys)
    assert sum(row["received"] for row in document["rows"]) == 12
    assert sum(row["closed"] for row in document["rows"]) == document["totals"]["closed"]


def test_the_text_is_a_table_that_lines_up(town: CommandLine) -> None:
    done = town("statistics", "--by", "month", "--to", "2026-01-31")
    assert done.out.startswith("Du 03/03/2025 au 31/01/2026\nMois     Reçues")
    table = done.out.split("\n\n")[0].splitlines()[1:]
    assert {len(line) for line in table} == {len(table[0])}
    assert table[-1].startswith("Total        12")
    assert "j" in done.out
    assert "périodes où rien n’a bougé" in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "03/03/2025"),
        ("--to", "2025-02-30"),
        ("--to", "20250228"),
        ("--to", "9999-12-31"),
        ("--from", "0001-01-01"),
        ("--from", "2025-02-02", "--to", "2025-02-01"),
        ("--from", "1900-01-01", "--to", "2199-12-31"),
    ],
)
def test_bad_dates_are_a_wrong_usage(town: CommandLine, arguments: tuple[str, ...]) -> None:
    done = town("statistics", *arguments)
    assert (done.code, done.out) == (2, "")


def test_an_empty_town_has_empty_figures(suivi: CommandLine) -> None:
    totals = suivi("statistics", "--json").json["totals"]
    assert totals["to_take"] == {"count": 0, "median_s": None, "p90_s": None, "mean_s": None}
    assert suivi("statistics", "--by", "agent").code == 0
