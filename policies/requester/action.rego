# METADATA
# description: |
#   What every rule asks of the one who asks. Each reason stands on the absence of a proof, `not _proven`, and never
#   on the presence of a fault, so that a fact that is missing refuses. After `not` stands a name: OPA takes operands
#   out of a negated expression first, so that `not input.time < x` is undefined, and no reason, without a time.
package custos.requester

# METADATA
# description: The action is not in data/actions.json.
reasons contains "action.unknown" if not action

# METADATA
# description: The action is about an exhibit, and none was named.
reasons contains "exhibit.missing" if {
	"exhibit" in action.needs
	not input.exhibit
}

# METADATA
# description: The action is about a request, and none was named.
reasons contains "request.missing" if {
	"request" in action.needs
	not input.request
}

# METADATA
# description: The action is about a hold, and none was named.
reasons contains "hold.missing" if {
	"hold" in action.needs
	not input.hold
}

# METADATA
# description: The action is an edit of a redaction plan, and none was named.
reasons contains "edit.missing" if {
	"edit" in action.needs
	not input.edit
}

# METADATA
# description: The action is a review, and nothing was said of it.
reasons contains "review.missing" if {
	"review" in action.needs
	not input.review
}

# METADATA
# description: The row of the action in data/actions.json.
action := data.actions[input.action]
