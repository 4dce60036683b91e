# METADATA
# description: After `not` stands something other than a name, so an undefined operand loses the whole rule
# schemas:
#   - input: schema.regal.ast
package custom.regal.rules.custos["not-a-name"]

import data.regal.ast
import data.regal.result

# OPA takes calls, and references with variables, apart before it negates them. Where one of their operands is
# undefined, `not` is never reached, and a reason that should refuse is lost.

# METADATA
# description: Every negated expression but a rule's name or a fixed path.
report contains violation if {
	some rule_index, i
	expr := ast.found.expressions[rule_index][i]
	expr.negated
	not _is_name(expr.terms)
	violation := result.fail(rego.metadata.chain(), result.location(expr))
}

_is_name(terms) if terms.type == "var"

_is_name(terms) if {
	terms.type == "ref"
	every part in array.slice(terms.value, 1, count(terms.value)) {
		part.type == "string"
	}
}
