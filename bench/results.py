"""What is shown of a run: the table of what is asked, in its order; then what else was found out."""

from collections.abc import Mapping, Sequence

from bench import growth, reads, scale, streaming
from bench.table import Line, Measured, Row, figure, render

_CPU = "ms CPU each"
ASKED: Sequence[Row | Line] = (
    Line("inbound: signed activities from POST to the follower's home timeline (draft-cavage, RSA)",
         (figure("inbound.rsa.rate", "a second", least=900), figure("inbound.rsa.cpu", _CPU, most=1.3))),
    Line("– signed by RFC 9421 with Ed25519",
         (figure("inbound.ed25519.rate", "a second", least=900), figure("inbound.ed25519.cpu", _CPU, most=1.3))),
    Row("inbound.lost", "notes that never reach the timeline, of three times {activities}", "", most=0),
    Row("killed.lost", "notes lost when the server is killed right after answering 202 to all of them, of {activities}",
        "", most=0),
    Row("follows.rsa.seconds", "{hosts} new followers from {hosts} hosts, first Follow to last Accept", "s", most=6),
    Line("outbound: {posts} posts to {some_hosts} hosts, RSA",
         (figure("outbound.rsa.some.rate", "a second", least=900),
          figure("outbound.rsa.some.cpu", _CPU, most=1.5))),
    Line("– with Ed25519",
         (figure("outbound.ed25519.some.rate", "a second", least=900),
          figure("outbound.ed25519.some.cpu", _CPU, most=0.6))),
    Line("outbound: 1 post to {hosts} hosts, RSA",
         (figure("outbound.rsa.many.rate", "a second", least=800),
          figure("outbound.rsa.many.cpu", _CPU, most=1.6))),
    Row("outbound.lost", "deliveries that never arrive", "", most=0),
    Row("outbound.rsa.many.answer", "answer to the client's POST of a status with {hosts} remote followers, p50", "ms",
        most=10),
    *(Line(f"{label} while nothing changes, {reads.CONNECTIONS[-1]} connections",
           (figure(f"reads.{name}.{reads.CONNECTIONS[-1]}.rate", "a second"),
            figure(f"reads.{name}.{reads.CONNECTIONS[-1]}.cpu", _CPU, most=most)))
      for name, (label, most) in reads.TARGETS.items()),
    Line("resident memory: at the start, after all of this",
         (figure("memory.start", "MiB", most=90), figure("memory.end", "MiB", most=130))),
)  # fmt: skip
FURTHER: Sequence[Row | Line] = (
    Line("inbound with FEP-8b32 proofs",
         (figure("inbound.proofs.rate", "a second"), figure("inbound.proofs.cpu", _CPU))),
    Line("{hosts} new followers, RSA: CPU; hosts that speak Ed25519",
         (figure("follows.rsa.cpu", _CPU), figure("follows.ed25519.seconds", "s"),
          figure("follows.ed25519.cpu", _CPU))),
    Line("1 post to {hosts} hosts, Ed25519",
         (figure("outbound.ed25519.many.rate", "a second"), figure("outbound.ed25519.many.cpu", _CPU),
          figure("outbound.ed25519.many.answer", "ms until the client is answered"))),
    *(Line(f"{label}, 1 connection",
           (figure(f"reads.{name}.1.rate", "a second"), figure(f"reads.{name}.1.cpu", _CPU)))
      for name, (label, _) in reads.TARGETS.items()),
    *(Line(f"{reads.TARGETS[name][0]} after a change that doesn't concern it, 1 connection; first asked, "
           f"{reads.CONNECTIONS[-1]} connections",
           (figure(f"reads.{name}.changed.cpu", _CPU), figure(f"reads.{name}.anew.rate", "a second"),
            figure(f"reads.{name}.anew.cpu", _CPU)))
      for name in reads.CHANGED),
    *streaming.ROWS,
    *scale.ROWS,
)  # fmt: skip


def totals(found: Mapping[str, float]) -> dict[str, float]:
    """A round with what its parts lost added up, where they were measured."""
    sums = dict(found)
    for part in ("inbound", "outbound"):
        lost = [value for name, value in found.items() if name.startswith(f"{part}.") and name.endswith(".lost")]
        sums |= {f"{part}.lost": sum(lost)} if lost else {}
    return sums


def render_results(rounds: Measured, sizes: Mapping[str, int], statuses: Sequence[int]) -> str:
    """All tables that something was measured for."""
    summed = [totals(found) for found in rounds]
    tables = (render(summed, sizes, rows=ASKED), growth.render_growth(summed, statuses),
              render(summed, sizes, rows=FURTHER))  # fmt: skip
    return "\n\n".join(table for table in tables if table.count("\n") > 1)
