# METADATA
# description: Whether a single act may happen now. Every act is judged again, however often it was permitted before.
package custos.access

import data.custos.obligations
import data.custos.requester

# What stands when no other rule does.
default answer := {"outcome": "refuse", "reasons": ["policy.undecided"]}

# METADATA
# description: The decision on a single act.
# entrypoint: true
answer := {"outcome": "permit", "reasons": [], "obligations": _obligations} if count(_why) == 0

answer := {"outcome": "refuse", "reasons": sort(_why)} if count(_why) > 0

_why := requester.reasons | reasons

_obligations := obligations.keeping if input.action == "exhibit.acquire"

_obligations := obligations.holding if input.action in _holding

_obligations := {} if {
	input.action
	not _lays_down
}

_lays_down if input.action in ({"exhibit.acquire"} | _holding)

_holding := {"hold.extend", "hold.place", "hold.request"}
