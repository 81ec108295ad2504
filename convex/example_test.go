package convex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/lockstep-auth/lockstep/convex"
)

// fakeDeployment knows one query, and throws a ConvexError at every mutation.
func fakeDeployment(w http.ResponseWriter, r *http.Request) {
	answer := `{"status":"success","value":{"_id":"j97","name":"Ada","createdAt":1700000000000.0}}`
	if r.URL.Path == "/api/mutation" {
		answer = `{"status":"error","errorMessage":"[Request ID: 1f] Server Error","errorData":{"code":"UNIQUE"}}`
	}
	_, _ = io.WriteString(w, answer)
}

func Example() {
	deployment := httptest.NewServer(http.HandlerFunc(fakeDeployment))
	defer deployment.Close()

	client, err := convex.New(convex.Config{URL: deployment.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	result, err := client.Query(context.Background(), "users:byEmail", map[string]any{"email": "ada@example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var user struct {
		Name      string
		CreatedAt int64
	}
	if err := convex.Scan(result, &user); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.Name, user.CreatedAt)
	// Output: Ada 1700000000000
}

func ExampleError() {
	deployment := httptest.NewServer(http.HandlerFunc(fakeDeployment))
	defer deployment.Close()
	client, err := convex.New(convex.Config{URL: deployment.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()

	_, err = client.Mutation(context.Background(), "users:create", map[string]any{"email": "ada@example.com"})
	switch {
	case err == nil:
		fmt.Println("created")
	case errors.Is(err, convex.ErrOutcomeUnknown):
		fmt.Println("perhaps created: look before trying again")
	case errors.Is(err, convex.ErrUnavailable):
		fmt.Println("not created: try again later")
	case errors.Is(err, convex.ErrFunction):
		if e, ok := errors.AsType[*convex.Error](err); ok {
			fmt.Println("not created:", e.Data)
		}
	default:
		fmt.Println(err)
	}
	// Output: not created: map[code:UNIQUE]
}
