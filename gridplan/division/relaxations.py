"""Relaxations: which limit of a band would let a part pass, or a number of parts be possible."""

from __future__ import annotations

from gridplan.rules.band import Band


def widen_band(mass: int, band: Band) -> str:
    """Say which limit of the band would let a part pass."""
    return f"high = {mass}" if mass > band.high else f"low = {mass}"


def relax_band(band: Band, households: int, is_island: bool) -> str:
    """Say the smallest relaxation of the band that makes a number of parts possible."""
    if households == 0:
        return "check the numbers of households: nobody lives here"
    fewer = households // band.low
    most = -(-households // band.high)
    ways = [
        (
            band.low - households // most,
            f"low = {households // most} (then {most} sub-grid{'s' if most > 1 else ''})",
        )
    ]
    if fewer >= 1:
        top = -(-households // fewer)
        ways.append(
            (top - band.high, f"high = {top} (then {fewer} sub-grid{'s' if fewer > 1 else ''})")
        )
    # Tuples compare by how far a limit moves first.
    cure = f"smallest relaxation: {min(ways)[1]}"
    return f"{cure}, or an opening in the barrier" if is_island else cure
