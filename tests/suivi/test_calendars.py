"""P10: a public holiday is one for every thread that asks, also while another works the year out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from holidays import HolidayBase

from suivi.calendars import french_holidays

YEAR = 2091


@pytest.mark.parametrize("alsace_moselle", [False, True])
def test_who_asks_while_a_year_is_worked_out_is_told_the_same(
    monkeypatch: pytest.MonkeyPatch, *, alsace_moselle: bool
) -> None:
    french_holidays.cache_clear()
    is_holiday, populate = french_holidays(alsace_moselle=alsace_moselle), HolidayBase._populate
    meanwhile: list[bool] = []

    def interrupted(self: HolidayBase, year: int) -> None:
        if year == YEAR and not meanwhile:
            meanwhile.append(False)
            with ThreadPoolExecutor(1) as pool:
                meanwhile[0] = pool.submit(is_holiday, date(YEAR, 7, 14)).result()
        populate(self, year)

    monkeypatch.setattr(HolidayBase, "_populate", interrupted)
    assert is_holiday(date(YEAR, 7, 14))
    assert meanwhile == [True]


def test_each_year_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    french_holidays.cache_clear()
    is_holiday, populate, years = french_holidays(alsace_moselle=False), HolidayBase._populate, list[int]()

    def counted(self: HolidayBase, year: int) -> None:
        years.append(year)
        populate(self, year)

    monkeypatch.setattr(HolidayBase, "_populate", counted)
    found = [day for day in range(1, 32) for _ in range(2) if is_holiday(date(YEAR, 5, day))]
    assert found == [1, 1, 8, 8, 17, 17, 28, 28]
    assert years == [YEAR]
