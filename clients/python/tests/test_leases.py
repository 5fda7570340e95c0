from __future__ import annotations

from wazir.leases import LeaseKeeper


class Lease:
    def __init__(self, now: list[float], length: float) -> None:
        self._now = now
        self._length = length
        self.touched = now[0]
        self.renewed: list[float] = []

    def renewal_due(self) -> float:
        return self.touched + self._length / 3

    def renew(self) -> None:
        self.touched = self._now[0]
        self.renewed.append(self.touched)


def test_renews_at_a_third_of_each_lease() -> None:
    now = [0.0]
    # Closed first, so that no thread renews beside the test.
    keeper = LeaseKeeper(clock=lambda: now[0])
    keeper.close()
    short, long = Lease(now, 30), Lease(now, 90)
    keeper.add(short)
    keeper.add(long)
    assert keeper.renew_due() == 10
    now[0] = 10
    assert keeper.renew_due() == 10
    short.touched = 15  # A report renews too.
    now[0] = 20
    assert keeper.renew_due() == 5
    now[0] = 30
    assert keeper.renew_due() == 10
    assert short.renewed == [10, 30] and long.renewed == [30]
    keeper.remove(short)
    keeper.remove(long)
    assert keeper.renew_due() is None
