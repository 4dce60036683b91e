package custos.obligations

# METADATA
# scope: document
# description: |
#   How many days a hold is given, from its placing or from its former end. Empty where it stays until it is lifted.
holding := {"holdDays": lapse.days} if input.action in _placing

holding := {"holdDays": lapse.extensionDays} if input.action == "hold.extend"

holding := {} if {
	input.action in _placing
	data.holds[input.hold.kind]
	not lapse
}

# METADATA
# description: How a hold of this kind lapses; undefined where it does not.
lapse := data.holds[input.hold.kind].lapse

_placing := {"hold.place", "hold.request"}
