"""Preparing: what scenarios need of a plan, whole or in parts, found and joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridplan.arrays import Floats
from gridplan.plan import Plan
from gridplan.rules.all_rules import Rules
from gridplan.rules.walking import WalkingRules
from gridplan.simulation.requests.household_draws import sample_households
from gridplan.simulation.requests.scenarios import Scenario
from gridplan.simulation.requests.service_system import (
    ServiceSystem,
    join_systems,
    make_local_system,
)
from gridplan.walking.street_network import WalkingNetwork


@dataclass(frozen=True, eq=False)
class Prepared:
    """What scenarios need of a plan, or of some of its communities.

    Parameters
    ----------
    systems
        By what a system depends on (times the volunteers, and the rules of
        walking).
    households
        By the share of the error that is one for all buildings:
        float64[replications, sub-grids], those of every system.
    """

    systems: Mapping[Any, ServiceSystem]
    households: Mapping[float, Floats]


def prepare_part(
    plan: Plan,
    scenarios: Sequence[Scenario],
    rules: Rules,
    replications: int,
    seed: int,
    networks: Mapping[WalkingRules, WalkingNetwork] | None = None,
) -> Prepared:
    """Prepare what scenarios need of the communities of a plan.

    Parameters
    ----------
    plan
        A staffed plan, or some communities of one.
    scenarios, rules, replications, seed
        As for :func:`gridplan.simulate`.
    networks
        The streets of the whole city by the rules of walking of every
        scenario, where the plan holds but a part of them.
    """
    systems: dict[Any, ServiceSystem] = {}
    households: dict[float, Floats] = {}
    for scenario in scenarios:
        scenario_rules = scenario.replace_rules(rules)
        # scenarios that differ in other rules only share one system, the costly part
        alike = _name_system(scenario, scenario_rules)
        if alike not in systems:
            network = networks[scenario_rules.walking] if networks else None
            systems[alike] = make_local_system(
                plan, scenario_rules, volunteers=scenario.volunteers, network=network
            )
        shared = scenario_rules.simulation.error_shared
        # samples depend on the seed and the shared part of the error,
        # not on the scenario
        if scenario.uncertain and shared not in households:
            households[shared] = sample_households(
                plan, systems[alike].cells.index, replications, seed, scenario_rules.simulation
            )
    return Prepared(systems, households)


def join_parts(
    parts: Sequence[Prepared], scenarios: Sequence[Scenario], rules: Rules
) -> list[tuple[ServiceSystem, Floats | None]]:
    """Join parts of a city: for each scenario its system, and the households sampled for it.

    Households are None where they are certain.

    Systems and samples that scenarios share are the same object, and depend on no
    way in which the communities were parted.
    """
    systems: dict[Any, ServiceSystem] = {}
    households: dict[float, Floats] = {}
    joined: list[tuple[ServiceSystem, Floats | None]] = []
    for scenario in scenarios:
        scenario_rules = scenario.replace_rules(rules)
        # the subdistricts' staff is added here, so its rules count as well
        alike = (
            _name_system(scenario, scenario_rules),
            scenario_rules.simulation.street_per_10000,
            scenario_rules.simulation.street_minutes,
        )
        if alike not in systems:
            systems[alike] = join_systems(
                [part.systems[alike[0]] for part in parts], scenario_rules
            )
        shared = scenario_rules.simulation.error_shared
        # none where the scenario is certain: it takes the households as estimated
        sampled = None
        if scenario.uncertain:
            if shared not in households:
                households[shared] = _join_samples(
                    parts, alike[0], shared, systems[alike].cells.index
                )
            sampled = households[shared]
        joined.append((systems[alike], sampled))
    return joined


def _name_system(scenario: Scenario, rules: Rules) -> tuple[float, WalkingRules]:
    """Name what the part of a system that lies in communities depends on."""
    return scenario.volunteers, rules.walking


def _join_samples(
    parts: Sequence[Prepared], alike: Any, shared: float, subgrids: pd.Index[Any]
) -> Floats:
    """Join the households sampled in parts, in the order of the sub-grids."""
    households = np.empty((len(parts[0].households[shared]), len(subgrids)))
    for part in parts:
        # by code, as the joined system has another order than its parts
        households[:, subgrids.get_indexer(part.systems[alike].cells.index)] = part.households[
            shared
        ]
    return households
