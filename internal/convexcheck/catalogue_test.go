package convexcheck_test

import (
	"fmt"
	"net/http"
	"slices"
)

// A fault is a way for the link to fail.
type fault struct {
	rule string

	// when reports whether the n-th call fails, counted from 1, and how says in
	// which way. Only calls of the kind only count; "" is all of them.
	when func(n int) bool
	how  func(n int) breakage
	only string

	// want is what requests are answered that need the calls which fail.
	want outcome

	// isUnclear: Lockstep's functions recognise a mutation that is sent again, so
	// that what is wanted is certain. With createApi it depends.
	isUnclear bool

	// hangs: calls do not return, so that time-outs are short for once.
	hangs bool

	// restarts: the server is gone afterwards, and another goes on in its place.
	restarts bool

	// repeats: a call is carried out twice. Plain createApi cannot tell.
	repeats bool

	// stepwise: it hits a request that takes more calls than any does with
	// Lockstep's functions.
	stepwise bool

	// usual: it is played in every access mode, and not only in those that
	// differ in more than the way to call a function.
	usual bool
}

// An outcome is what a client may hear during a fault.
type outcome int

const (
	either  outcome = iota // success, or 503
	hidden                 // success: the client notices nothing
	visible                // 503
)

func once(n int) bool                    { return n == 1 }
func always(int) bool                    { return true }
func first(k int) func(int) bool         { return func(n int) bool { return n <= k } }
func every(k int) func(int) bool         { return func(n int) bool { return n%k == 1 } }
func only(b breakage) func(int) breakage { return func(int) breakage { return b } }

// dies is the death of a server at its k-th call: that one fails in its way, and
// none comes after it.
func dies(k int, b breakage) (when func(int) bool, how func(int) breakage) {
	return func(n int) bool { return n >= k }, func(n int) breakage {
		if n == k {
			return b
		}
		return refused
	}
}

// Answers of the backend and of what stands before it.
func conflict() breakage {
	return answer(http.StatusServiceUnavailable, `{"code":"OptimisticConcurrencyControlFailure","message":"Documents read from or written to the \"user\" table changed"}`)
}

func busy() breakage {
	return answer(http.StatusTooManyRequests, `{"code":"TooManyConcurrentRequests","message":"Too many concurrent requests."}`)
}

func internalError() breakage {
	return answer(http.StatusInternalServerError, `{"code":"InternalServerError","message":"Your request couldn't be completed. Try again later."}`)
}

func proxyPage() breakage { return answer(http.StatusBadGateway, "<html>502 Bad Gateway</html>") }

func badKey() breakage {
	return answer(http.StatusUnauthorized, `{"code":"BadAdminKey","message":"The provided admin key was invalid for this instance"}`)
}

func noFunction() breakage {
	return answer(http.StatusOK, `{"status":"error","errorMessage":"[Request ID: 1] Server Error\nCould not find function for 'x:y'. Did you forget to run npx convex dev?"}`)
}

func noFunctionRedacted() breakage {
	return answer(http.StatusOK, `{"status":"error","errorMessage":"[Request ID: 1] Server Error"}`)
}

// catalogue returns the faults that are played in the access mode.
func (b *bed) catalogue() []fault {
	return slices.DeleteFunc(catalogue(), func(f fault) bool {
		return f.repeats && !b.isAtomic || f.stepwise && b.isAtomic || !f.usual && !b.isThorough
	})
}

// A shortfall is what a death of the server between two calls leaves.
type shortfall struct {
	operations []string
	half       bool // a user without an account
}

// shortfalls are the cases in which plain createApi does not keep the
// invariants: what is several mutations stays half done if the server dies
// between them. In each, operation.recover is the way out, and it is tried.
func shortfalls() map[string]shortfall {
	// The user is made, and nobody is left to make the account.
	signUp := shortfall{[]string{"sign-up"}, true}
	// The password is new, but the sessions live; or they are gone, but the user
	// is there.
	sessions := shortfall{[]string{"change-password that ends sessions", "delete-user"}, false}
	// The account is gone, but the user is there.
	deletion := shortfall{[]string{"delete-user"}, true}
	return map[string]shortfall{
		"the server dies after its call 2":  signUp,
		"the server dies before its call 3": signUp,
		"the server dies after its call 5":  sessions,
		"the server dies before its call 6": sessions,
		"the server dies after its call 6":  deletion,
		"the server dies before its call 7": deletion,
	}
}

// fallsShort reports whether the operation is known to go wrong under the fault.
func (b *bed) fallsShort(f fault, op operation) bool {
	return !b.isAtomic && slices.Contains(shortfalls()[f.rule].operations, op.name)
}

// leavesHalves reports whether half a user is known to be left by the fault.
func (b *bed) leavesHalves(f fault) bool {
	return !b.isAtomic && shortfalls()[f.rule].half
}

// catalogue is the part of FI-01 to FI-25 that concerns the link.
func catalogue() []fault {
	faults := []fault{
		{rule: "refused once", when: once, how: only(refused), want: hidden},
		{usual: true, rule: "refused", when: always, how: only(refused), want: visible},
		{rule: "no answer to one call", when: once, how: only(hanging), want: hidden, isUnclear: true, hangs: true},
		{rule: "no answer to one call that was carried out", when: once, how: only(silent), want: hidden, isUnclear: true, hangs: true},
		{rule: "no answer", when: always, how: only(hanging), want: visible, hangs: true},
		{rule: "slow", when: always, how: only(late), want: hidden},
		{rule: "a call dropped", when: once, how: only(dropped), want: hidden, isUnclear: true},
		{rule: "calls dropped", when: always, how: only(dropped), want: visible},
		{usual: true, rule: "an answer dropped", when: once, how: only(lost), want: hidden, isUnclear: true},
		{rule: "an answer to a mutation dropped", when: once, how: only(lost), only: "mutation", want: hidden, isUnclear: true},
		{usual: true, rule: "answers dropped", when: always, how: only(lost), want: visible},
		{rule: "half an answer", when: once, how: only(truncated), want: hidden, isUnclear: true},
		{rule: "half answers", when: always, how: only(truncated), want: visible},
		{rule: "a conflict", when: once, how: only(conflict()), only: "mutation", want: hidden},
		{rule: "four conflicts", when: first(4), how: only(conflict()), only: "mutation", want: visible, isUnclear: true},
		{rule: "conflicts", when: always, how: only(conflict()), only: "mutation", want: visible},
		{rule: "too many calls once", when: once, how: only(busy()), want: hidden},
		{rule: "too many calls", when: always, how: only(busy()), want: visible},
		{rule: "an internal error", when: once, how: only(internalError()), want: hidden, isUnclear: true},
		{rule: "internal errors", when: always, how: only(internalError()), want: visible},
		{rule: "a page of a proxy", when: once, how: only(proxyPage()), want: hidden, isUnclear: true},
		{rule: "pages of a proxy", when: always, how: only(proxyPage()), want: visible},
		{rule: "mutations down", when: always, how: only(refused), only: "mutation", want: visible},
		{rule: "queries down", when: always, how: only(refused), only: "query", want: visible},
		{usual: true, rule: "the key is rotated", when: always, how: only(badKey()), want: visible},
		{rule: "the functions are gone", when: always, how: only(noFunction()), want: visible},
		{usual: true, rule: "the functions are gone, and nobody says so", when: always, how: only(noFunctionRedacted()), want: visible},
		{rule: "every other call refused", when: every(2), how: only(refused), want: hidden},
		{usual: true, rule: "every other answer dropped", when: every(2), how: only(lost), want: hidden, isUnclear: true},
		{rule: "every mutation delivered twice", when: always, how: only(twice), only: "mutation", want: hidden, repeats: true},
	}
	for k := 1; k <= 8; k++ {
		when, how := dies(k, dropped)
		f := fault{rule: fmt.Sprintf("the server dies before its call %d", k), when: when, how: how, restarts: true, stepwise: k > 3}
		faults = append(faults, f)
		f.rule = fmt.Sprintf("the server dies after its call %d", k)
		f.when, f.how = dies(k, lost)
		faults = append(faults, f)
	}
	return faults
}
