"""What is known of an agreement in time, and whether it was in force on a day."""

from __future__ import annotations

from dataclasses import dataclass, field

YES, NO, UNKNOWN = "yes", "no", "unknown"
FAR = "9999-12-31"
#: The reason where nothing at all is known.
SILENT = "kilderne siger ikke, hvad der gjaldt den dag"

#: ``yes``, ``no`` or ``unknown``, and why, in Danish.
Verdict = tuple[str, str]


@dataclass
class Work:
    """What is known of an agreement in time; days as ISO 8601.

    Attributes:
        begins: earliest and latest day of each event by which it came into force.
        planned: the same of those that were only planned.
        ends, planned_ends: the same of its ends.
        spoken_of: days of the sources that speak of it.
        happened: days on which something happened to it, in force or not yet.
        status: names of ``ag:status`` values.
    """

    begins: list[tuple[str, str]] = field(default_factory=list)
    planned: list[tuple[str, str]] = field(default_factory=list)
    ends: list[tuple[str, str]] = field(default_factory=list)
    planned_ends: list[tuple[str, str]] = field(default_factory=list)
    spoken_of: list[str] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    status: set[str] = field(default_factory=set)

    @property
    def earliest(self) -> str:
        """The first day on which it can have existed, or empty."""
        begins = [b for b, _ in self.begins + self.planned if b]
        return min(begins + self.spoken_of + self.happened, default="")

    @property
    def horizon(self) -> str:
        """The last day on which something is known of it, or empty."""
        begins = [e for _, e in self.begins if e]
        return max(begins + self.spoken_of + self.happened, default="")

    @property
    def in_force_by(self) -> str:
        """The day by which it surely was in force: every approval of its first round, or empty."""
        rounds = sorted((b or e, e) for b, e in self.begins if e)
        if not rounds:
            return ""
        first = rounds[0][0]
        year_on = f"{int(first[:4]) + 1}{first[4:]}"
        return max(e for b, e in rounds if b < year_on)

    def held(self, day: str) -> Verdict:
        """Whether it was in force on a day."""
        first = min((b for b, _ in self.begins + self.planned if b), default="")
        unbounded = any(not b for b, _ in self.begins + self.planned)
        sure = self.in_force_by
        if first and not unbounded and day < first:
            return NO, f"kan tidligst være trådt i kraft {first}"
        if self.ends and day > max((e or FAR) for _, e in self.ends):
            return NO, f"ophørte senest {max(e for _, e in self.ends)}"
        end = min((b for b, _ in self.ends + self.planned_ends if b), default="")
        if sure and sure <= day and end and day < end:
            return YES, f"i kraft senest {sure}; ophør tidligst {end}"
        reach = self.horizon if "InForce" in self.status or sure else ""
        if sure and sure <= day <= reach and not (end and day >= end):
            return YES, f"i kraft senest {sure}; omtalt endnu {reach}"
        if day in self.spoken_of and "InForce" in self.status:
            return YES, "kilden er fra den dag og omtaler den som gældende"
        if sure and day >= sure:
            last = max((e for _, e in self.planned_ends if e), default="")
            if last and day > last:
                return UNKNOWN, f"skulle ophøre senest {last}; om det skete, vides ikke"
            return UNKNOWN, f"i kraft senest {sure}; om den stadig gjaldt, vides ikke"
        if first and day >= first:
            return UNKNOWN, f"kan være trådt i kraft fra {first}; om det var sket, vides ikke"
        return UNKNOWN, SILENT
