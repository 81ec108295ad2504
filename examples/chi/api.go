package main

import (
	"encoding/json"
	"log"
	"net/http"
	"sync"

	"github.com/lockstep-auth/lockstep"
)

// maxBody is the largest request that is read, in bytes.
const maxBody = 64 << 10

// An object is what the API answers.
type object map[string]any

func hello(w http.ResponseWriter, _ *http.Request) { write(w, http.StatusOK, object{"hello": "world"}) }

// me answers with what the front end may know of the user. It names each field:
// the session's token is not among them.
func me(w http.ResponseWriter, r *http.Request) {
	u := lockstep.SessionFrom(r.Context()).User
	write(w, http.StatusOK, object{"id": u.ID, "name": u.Name, "email": u.Email})
}

func reports(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, object{"reports": []string{}})
}

// notes are texts of users, by id. A real program has them in its database.
type notes struct {
	mu   sync.Mutex
	list map[string][]string
}

func (n *notes) get(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	own := n.list[lockstep.SessionFrom(r.Context()).User.ID]
	write(w, http.StatusOK, object{"notes": append([]string{}, own...)})
}

func (n *notes) add(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Text string `json:"text"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Text == "" {
		write(w, http.StatusBadRequest, object{"code": "TEXT_MISSING", "message": "Send {\"text\": …}."})
		return
	}
	id := lockstep.SessionFrom(r.Context()).User.ID
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list[id] = append(n.list[id], in.Text)
	write(w, http.StatusCreated, object{"text": in.Text})
}

func write(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Println(err)
	}
}
