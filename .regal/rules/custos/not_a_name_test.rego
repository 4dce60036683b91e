package custom.regal.rules.custos["not-a-name_test"]

import data.custom.regal.rules.custos["not-a-name"] as rule

_found(body) := count(report) if {
	module := regal.parse_module("p.rego", concat("\n", ["package p", "", body]))
	report := rule.report with input as module
}

test_a_name_may_stand_after_not[body] if {
	some body in ["a if not _b", "a if not input.b.c", "a if not data.custos.b", "a if b.c == 1"]
	_found(body) == 0
}

test_anything_else_may_not[body] if {
	some body in [
		"a if not input.time < 3",
		"a if not data.x[input.y]",
		`a if not "q" in input.z`,
		"a if not input.x == 1",
		"a if not count(input.x) > 0",
		"a := [x | some x in input.q; not x.y[x]]",
	]
	_found(body) == 1
}
