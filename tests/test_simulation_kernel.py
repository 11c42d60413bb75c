"""The simulation kernel: queues known to theory, days worked out by hand, and plain SimPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from gridplan.simulation.requests import kernel_state
from gridplan.simulation.requests.event_kernel import run_days
from gridplan.simulation.requests.kernel_state import (
    BACK_LINK,
    COMMUNITY,
    NEIGHBOUR,
    OWN,
    STREET,
    VOLUNTEER,
)
from gridplan.simulation.requests.random_streams import sample_gap, sample_unit
from tests.queues import erlang_c, make_world, open_all, pool

HOUR = 60.0
DAY = 1440.0
FOREVER = np.inf


def come_at(world, hours):
    """Have requests of each sub-grid (kind 0) come at these hours, by bending the profile."""
    steps = np.arange(world.running.shape[2], dtype=float)
    rows = np.zeros((len(world.cells), 2, len(steps)))
    for c, own in enumerate(hours):
        gaps = [sample_gap(world.streams["key"][c, 0], n) for n in range(len(own) + 1)]
        reached = np.cumsum(gaps)
        # After the last there is half a gap, so the next one never comes.
        rows[c, 0] = np.interp(
            steps, [0.0, *own, steps[-1]], [0.0, *reached[:-1], reached[-1] - gaps[-1] / 2]
        )
    cells = world.cells.copy()
    cells["profile"] = np.arange(len(cells))
    streams = world.streams.copy()
    streams["rate"][:, 0] = 1.0
    return world._replace(running=rows, cells=cells, streams=streams)


def run_hours(world, hours):
    """Run with requests at these hours; returns minutes, posts by sub-grid, and the tally."""
    rows = sum(len(own) for own in hours)
    tally, log = run_days(come_at(world, hours), rows)
    return {(int(r[0]) // 2, int(r[1])): tuple(np.round(r[2:], 6)) for r in log}, tally


def two_subgrids(**more):
    """Sub-grids 0 and 1, each with a post five minutes away, the other's at ten; work of 85 min."""
    links = [(0, 0, OWN, 5), (1, 1, OWN, 5), (0, 1, NEIGHBOUR, 10), (1, 0, NEIGHBOUR, 10)]
    return make_world(
        links,
        rates=((1, 0), (1, 0)),
        work=((85, 85, 85),) * 2,
        shape=2,
        walks_back=True,
        days=1,
        **more,
    )


def test_who_waits_is_noted_as_the_hour_strikes():
    # One post six minutes away, work of 85 minutes. It is asked at 1:00 and
    # away until 2:31; at 1:30, who waits until then;
    # and at 1:36, who waits until the second is done, at 4:02.
    world = come_at(
        make_world([(0, 0, OWN, 6)], rates=((1, 0),), work=((85, 85, 85),) * 2, shape=2, days=1),
        [(1, 1.5, 1.6)],
    )
    waiting = run_days(world._replace(hours=24), 0)[0].waiting
    assert waiting[:, 0, 0].tolist() == [0, 0, 2, 1, 1] + [0] * 19
    assert waiting[:, 0, 1].sum() == 0
    thrice = run_days(world._replace(hours=3), 0)[
        0
    ].waiting  # the hours of "days" of three hours are added up
    assert thrice[:, 0, 0].tolist() == [1, 1, 2]
    later = run_days(world._replace(hours=24, count_from=180.0, count_to=300.0), 0)[
        0
    ].waiting  # from 3:00 until before 5:00
    assert later[:, 0, 0].tolist() == [1, 1] + [0] * 22
    assert run_days(world, 0)[0].waiting.shape == (0, 1, 2)


def test_a_drawn_morning_in_which_the_neighbour_helps():
    # 0 asks at 1:00, 2:00 and 3:00; 1 asks at 3:00, when its own post is still at 0's.
    log, tally = run_hours(two_subgrids(), [(1, 2, 3), (3,)])
    assert log[0, 0] == (60, 65, 150, 0)  # own post: there 1:05, done 2:30, back 2:35
    assert log[0, 1] == (
        120,
        130,
        215,
        1,
    )  # it is away at 2:00: the neighbour, there 2:10, done 3:35, back 3:45
    assert log[0, 2] == (180, 185, 270, 0)
    assert log[1, 0] == (180, 230, 315, 1)  # waits from 3:00 to 3:45
    assert tally.posts["jobs"].tolist() == [2, 2]
    assert tally.posts["busy"].tolist() == [2 * 95.0, 95.0 + 105.0]
    assert tally.posts["walked"].tolist() == [20.0, 30.0]
    assert tally.sums[0, 0, 0] == pytest.approx(5 + 10 + 5)
    assert tally.counts[0, 0, kernel_state.BY_TIER + NEIGHBOUR] == 1


def test_level_by_level_the_neighbour_is_asked_only_after_a_while():
    opens = open_all()
    opens[:, 0, NEIGHBOUR] = 30.0
    log, _ = run_hours(two_subgrids(opens=opens), [(1, 2), ()])
    assert log[0, 1] == (
        120,
        160,
        245,
        1,
    )  # asked at 2:30, five minutes before the own post is back


def test_who_was_asked_first_by_way_where_tiers_do_not_count():
    links = [(0, 0, OWN, 9), (0, 1, NEIGHBOUR, 4)]
    kept = {"work": ((85, 85, 85),) * 2, "shape": 2, "days": 1}
    assert run_hours(make_world(links, **kept), [(1,)])[0][0, 0][3] == 0
    assert run_hours(make_world(links, by_tier=False, **kept), [(1,)])[0][0, 0][3] == 1


def test_a_request_waits_for_the_turn_of_duty_and_work_begun_is_finished():
    office = [
        (8 * HOUR, 0, 1),
        (12 * HOUR, 0, -1),
        (DAY + 8 * HOUR, 0, 2),
        (DAY + 12 * HOUR, 0, -1),
    ]
    world = make_world(pool(1), work=((90, 90, 90),) * 2, shape=2, clock=office, days=2)
    log, tally = run_hours(world, [(7, 11, 12, 13)])
    assert log[0, 0] == (420, 480, 570, 0)  # comes at 7, served at 8
    assert log[0, 1] == (660, 660, 750, 0)  # begun at 11, done at 12:30 although duty ends at 12
    assert log[0, 2] == (720, DAY + 480, DAY + 570, 0)  # so the next waits for tomorrow
    assert log[0, 3] == (780, DAY + 570, DAY + 660, 0)
    assert tally.counts[
        0, 0, [kernel_state.GREEN, kernel_state.YELLOW, kernel_state.RESOLVED]
    ].tolist() == [4, 0, 4]


def test_why_somebody_is_not_served():
    night = [(0.0, 0, 1), (0.5, 2, 1), (HOUR, 0, -1)]
    # Sub-grid 0 has nobody, 1 a post that is never on duty when asked, 2 one
    # that is always at work, 3 no patience.
    links = [(1, 0, OWN, 0), (2, 1, OWN, 0), (3, 0, OWN, 0)]
    world = make_world(
        links,
        rates=((1, 0),) * 4,
        turns=[0, 2],
        clock=night,
        work=((5000,) * 3,) * 2,
        shape=2,
        days=1,
    )
    _, tally = run_hours(world, [(2,), (2,), (1, 2), ()])
    reasons = [
        kernel_state.NO_POST,
        kernel_state.OFF_DUTY,
        kernel_state.BUSY,
        kernel_state.WITHDRAWN,
        kernel_state.UNDER_WAY,
    ]
    assert tally.counts[:3, 0][:, reasons].tolist() == [
        [1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 1],
    ]
    kinds = world.kinds.copy()
    kinds["patience"] = 10.0
    _, tally = run_hours(world._replace(kinds=kinds), [(2,), (2,), (1, 2), ()])
    assert tally.counts[:3, 0][:, reasons].tolist() == [
        [1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 1, 1],
    ]


def test_what_must_go_up_is_done_by_the_community_in_one_go_or_by_two():
    everything = ((1.0, 0.0), (1.0, 0.0))  # all goes up to the community
    work = ((60, 30, 0),) * 2
    grid = [(0, 0, OWN, 0), (0, 1, COMMUNITY, 7)]
    log, tally = run_hours(
        make_world(grid, level=[0, 1], up=everything, work=work, shape=2, days=1), [(1,)]
    )
    assert log[0, 0] == (
        60,
        60,
        60 + 60 + 7 + 30,
        0,
    )  # the grid's post comes at once; the community's at 2:07
    assert tally.counts[0, 0, kernel_state.WENT_UP] == 1
    log, _ = run_hours(
        make_world(grid, level=[1, 1], up=everything, work=work, shape=2, days=1), [(1,)]
    )
    assert log[0, 0] == (60, 60, 150, 0)  # one of the community who was sent first goes on


def test_wishes_lie_on_the_list_until_volunteers_come_on():
    saturday = [(5 * DAY + 9 * HOUR, 0, 6), (5 * DAY + 11 * HOUR, 0, -1)]
    opens = open_all()
    opens[1, 0, : STREET + 1] = [FOREVER, FOREVER, 0, FOREVER, FOREVER]
    links = [(0, 0, VOLUNTEER, 10), (0, 1, OWN, 1)]
    clock = [(0.0, 1, 1), *saturday]
    world = make_world(
        links,
        rates=((0.0, 0.01),),
        turns=[0, 1],
        clock=clock,
        opens=opens,
        work=((30, 0, 0),) * 2,
        shape=2,
        days=7,
    )
    tally, log = run_days(world, 500)
    own = log[np.isfinite(log[:, 0])]
    assert set(own[np.isfinite(own[:, 5]), 5]) == {0.0}  # the own post may not take a wish
    claimed = own[np.isfinite(own[:, 3])]
    assert claimed[0, 3] == 5 * DAY + 9 * HOUR + 10  # the oldest first, ten minutes after nine
    assert (
        len(claimed) == 3
    )  # 9:00, 9:40, 10:20: ten minutes there and half an hour each; at 11:00 duty ends
    before = (own[:, 2] < 5 * DAY + 11 * HOUR).sum()
    assert tally.counts[0, 1, [kernel_state.BUSY, kernel_state.OFF_DUTY]].tolist() == [
        before - 3,
        len(own) - before,
    ]


@pytest.mark.parametrize(("servers", "rate"), [(1, 0.6), (3, 2.4), (6, 4.5)])
def test_waits_are_those_of_erlang(servers, rate):
    waits = []
    inside = []
    through = []
    for n in range(16):
        world = make_world(
            pool(servers), rates=((rate, 0.0),), days=7, replication=n, count=(DAY, 7 * DAY)
        )
        tally, _ = run_days(world, 0)
        came, answered, resolved = tally.counts[
            0, 0, [kernel_state.CAME, kernel_state.ANSWERED, kernel_state.RESOLVED]
        ]
        waits.append(tally.sums[0, 0, 0] / answered)
        inside.append(tally.totals[0] / (6 * DAY))
        through.append(came / (6 * DAY) * tally.sums[0, 0, 2] / resolved)
    half = student.ppf(0.995, 15) * np.std(waits, ddof=1) / 4
    theory = erlang_c(servers, rate) / (servers - rate)
    assert abs(np.mean(waits) - theory) < half < 0.1 * theory
    # Little's law: the time average in the system is rate x mean time.
    assert inside == pytest.approx(through, rel=0.02)


def test_littles_law_can_be_read_from_the_sums_at_every_level():
    """L = lambda W exactly, where all that comes counts: in the system, waiting, and going up."""
    world = make_world(
        pool(2, 3),
        rates=((0.05, 0.02),) * 3,
        work=((20.0,) * 3,) * 2,
        up=((0.5, 0.2), (0.3, 0.0)),
        level=(0, 2),
        patience=(300.0, 0.0),
        days=5,
        count=(0.0, 5 * DAY),
    )
    tally, _ = run_days(world, 0)
    whole = world.end
    assert world.count_to == whole
    for many, minutes in (
        (kernel_state.INSIDE, kernel_state.STAY),
        (kernel_state.QUEUE, kernel_state.WAIT),
        (kernel_state.UP_QUEUE, kernel_state.UP_WAIT),
    ):
        came = tally.counts[..., kernel_state.CAME]
        rate, stay = came / whole, tally.sums[..., minutes] / came
        assert tally.sums[..., many] == pytest.approx(rate * stay)
        assert tally.sums[..., many].sum() > 0
    # the mean number inside was seen by the clock too, which knows nothing of single requests
    assert tally.sums[..., kernel_state.INSIDE].sum() == pytest.approx(tally.totals[0] / whole)
    assert tally.sums[..., kernel_state.UPS].sum() > 0


def test_the_time_average_is_exactly_the_sum_of_all_times():
    world = make_world(pool(2, 3), rates=((0.02, 0.01),) * 3, work=((20.0,) * 3,) * 2, days=5)
    tally, log = run_days(world, 2000)
    own = log[np.isfinite(log[:, 0])]
    assert len(own) == tally.totals[3] < 2000
    assert tally.totals[0] == pytest.approx((np.fmin(own[:, 4], world.end) - own[:, 2]).sum())


def sample_world(seed):
    """A random small town: sub-grids, posts of all tiers with ways, turns of duty, both kinds."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(1, 5)
    posts = rng.integers(1, 7)
    pairs = [(c, r) for c in range(cells) for r in range(posts) if rng.random() < 0.6]
    links = [(c, r, rng.integers(5), rng.integers(0, 30) + rng.random()) for c, r in pairs] or [
        (0, 0, OWN, 1.0)
    ]
    posts = max(link[1] for link in links) + 1
    turns = rng.integers(0, 3, posts).tolist()
    clock = sorted(
        [(0.0, 0, 1)]
        + [
            (d * DAY + h * HOUR, t, d if on else -1)
            for d in range(6)
            for t, h, on in ((1, 8, 1), (1, 17, 0), (2, 18, 1), (2, 21, 0))
        ]
    )
    opens = rng.choice([0.0, 0.0, 45.0, 200.0, FOREVER], (2, 3, 5))
    return make_world(
        links,
        rates=rng.random((cells, 2)) * 0.03,
        turns=turns,
        clock=clock,
        opens=opens,
        skill=rng.integers(1, 4, posts).tolist(),
        level=rng.integers(0, 3, posts).tolist(),
        share=rng.choice([0.5, 1.0], posts).tolist(),
        up=((0.4, 0.1), (0.2, 0.0)),
        work=rng.integers(5, 60, (2, 3)),
        shape=int(rng.integers(0, 3)),
        patience=(300.0, 0.0),
        by_tier=bool(rng.random() < 0.5),
        walks_back=bool(rng.random() < 0.5),
        days=6,
        seed=int(seed),
    )


@pytest.mark.parametrize("seed", range(12))
def test_plain_simpy_notes_the_same_who_wait(seed):
    pytest.importorskip("simpy", reason="SimPy is not installed: pip install 'gridplan[sim]'")
    from gridplan.simulation.requests.simpy_reference import note_stays, play

    world = sample_world(seed)._replace(hours=24, count_from=DAY, count_to=5 * DAY)
    waiting = run_days(world, 0)[0].waiting
    assert waiting.sum() > 0
    assert waiting.tolist() == note_stays(play(world)).tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_everybody_who_came_is_accounted_for_once(seed):
    world = sample_world(seed)
    tally, log = run_days(world, 5000)
    ends = [
        kernel_state.RESOLVED,
        kernel_state.NO_POST,
        kernel_state.OFF_DUTY,
        kernel_state.BUSY,
        kernel_state.WITHDRAWN,
        kernel_state.UNDER_WAY,
    ]
    assert (tally.counts[..., kernel_state.CAME] == tally.counts[..., ends].sum(axis=-1)).all()
    assert (
        tally.counts[..., kernel_state.CAME].sum()
        == np.isfinite(log[:, 0]).sum()
        == tally.totals[3]
    )
    assert (
        tally.counts[..., kernel_state.BY_TIER :].sum(axis=-1)
        == tally.counts[..., kernel_state.ANSWERED]
    ).all()
    assert tally.answers.sum() == tally.counts[..., kernel_state.ANSWERED].sum()


@pytest.mark.parametrize("seed", range(12))
def test_plain_simpy_gives_every_request_the_same_fate(seed):
    pytest.importorskip("simpy", reason="SimPy is not installed: pip install 'gridplan[sim]'")
    from gridplan.simulation.requests.simpy_reference import run_plainly

    world = sample_world(seed)
    ours = run_days(world, 5000)[1]
    theirs = run_plainly(world)
    ours = ours[np.isfinite(ours[:, 0])]
    a, b = (table[np.lexsort((table[:, 1], table[:, 0]))] for table in (ours, theirs))
    assert len(a) > 10
    assert len(a) == len(b)
    late = a[:, 4] > world.end
    assert not late.any()
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-6, equal_nan=True)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_with_posts_alike_one_more_makes_nobody_wait_longer(seed, posts):
    rates = ((0.02, 0.0),) * 3
    work = ((60.0,) * 3,) * 2
    few, more = (
        run_days(make_world(pool(n, 3), rates=rates, work=work, days=3, seed=seed), 2000)[1]
        for n in (posts, posts + 1)
    )
    few, more = (log[np.isfinite(log[:, 0])] for log in (few, more))
    assert (few[:, :3] == more[:, :3]).all()  # the same requests come at the same moments
    assert (
        np.nan_to_num(more[:, 3], nan=np.inf) <= np.nan_to_num(few[:, 3], nan=np.inf) + 1e-6
    ).all()


def test_a_volunteer_who_lives_far_off_may_make_the_wait_longer():
    # The own post would be free in eleven minutes; whoever is free is sent at
    # once, and needs an hour.
    near = (0, 0, OWN, 1)
    far = (0, 1, VOLUNTEER, 60)
    kept = {"work": ((70, 0, 0),) * 2, "shape": 2, "days": 1}
    alone, _ = run_hours(make_world([near], **kept), [(1, 2)])
    both, _ = run_hours(make_world([near, far], **kept), [(1, 2)])
    assert alone[0, 1][1] == 132  # free at 2:11, there at 2:12
    assert both[0, 1][1] == 180  # sent at 2:00, there at 3:00


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    first, again, other = (run_days(sample_world(seed), 100) for seed in (3, 3, 4))
    assert first[1].tobytes() == again[1].tobytes()
    assert first[0].counts.tobytes() == again[0].counts.tobytes()
    assert first[1].tobytes() != other[1].tobytes()


def test_a_helper_who_comes_after_a_while_is_sent_to_whoever_waits():
    # A helper on duty all day, but there only from 3:00 to 4:30; the clock strikes at 3:00.
    world = make_world(
        pool(1), work=((40,) * 3,) * 2, shape=2, clock=[(0.0, 0, 1), (3 * HOUR, -1, -1)], days=1
    )
    posts = world.posts.copy()
    posts["begins"] = 3 * HOUR
    posts["ends"] = 4.5 * HOUR
    log, tally = run_hours(world._replace(posts=posts), [(1, 2, 4, 5)])
    assert [log[0, n][1] for n in range(3)] == [
        180,
        220,
        260,
    ]  # one after the other; at 5:00 nobody is left
    assert tally.counts[0, 0, kernel_state.OFF_DUTY] == 1


def test_slots_and_heap_grow_as_many_wait():
    world = make_world([], rates=((5.0, 0.0),), patience=(DAY, 0.0), days=2)
    tally, _ = run_days(world, 0)
    assert len(world.back) == len(np.zeros(0, BACK_LINK)) == 0
    assert tally.totals[2] > 3000  # at once
    assert (
        tally.counts[0, 0, kernel_state.NO_POST] == tally.counts[0, 0, kernel_state.CAME] > 10_000
    )


def test_streams_are_even_and_apart():
    key = np.uint64(7)
    draws = np.array([sample_unit(key, n) for n in range(20_000)])
    assert 0 < draws.min() < draws.max() < 1
    assert abs(draws.mean() - 0.5) < 4 / np.sqrt(12 * len(draws))
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 4 / np.sqrt(len(draws))
