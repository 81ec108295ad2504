package lockstep

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lockstep-auth/lockstep/internal/secure"
	"github.com/lockstep-auth/lockstep/mail"
	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
)

// outboxName is the table of messages that wait to be sent. It is Lockstep's
// own: Better Auth servers on the same database leave it alone.
const outboxName = "lockstepOutbox"

func outboxTable() schema.Table {
	return schema.Table{Name: outboxName, Fields: []schema.Field{
		{Name: "message", Required: true, Unique: true},
		{Name: "sealed", Required: true},
		{Name: "attempts", Type: schema.Number, Required: true},
		{Name: "dueAt", Type: schema.Date, Required: true, Index: true},
	}}
}

// An outboxStore is a mail.Queue in the database. Messages are sealed with the
// server's secret, since there are links in them. A message is leased by moving
// the time at which it is due, which only one of several servers succeeds in.
type outboxStore struct {
	store   store.Store
	secrets *secure.Secrets
}

func newOutboxStore(db store.Store, secrets *secure.Secrets) *outboxStore {
	return &outboxStore{store: db, secrets: secrets.ForPurpose("lockstep-outbox")}
}

func (q *outboxStore) apply(ctx context.Context, op store.Op) error {
	op.Table = outboxName
	_, err := q.store.Apply(ctx, store.Batch{ID: secure.Token(24), Ops: []store.Op{op}})
	return err
}

// Put implements mail.Queue. One trip.
func (q *outboxStore) Put(ctx context.Context, i mail.Item) error {
	text, err := json.Marshal(i.Message)
	if err != nil {
		return err
	}
	return q.apply(ctx, store.Op{Verb: store.Create, Set: store.Record{
		"message": i.ID, "sealed": q.secrets.Encrypt(string(text)),
		"attempts": float64(i.Attempts), "dueAt": store.Millis(i.Due),
	}})
}

// Take implements mail.Queue. One trip and one per message.
func (q *outboxStore) Take(ctx context.Context, now, lease time.Time, n int) ([]mail.Item, error) {
	res, err := q.store.Read(ctx, store.Query{
		Table: outboxName, Where: store.Where{}.And("dueAt", store.Lte, store.Millis(now)), SortBy: "dueAt", Limit: n,
	})
	if err != nil {
		return nil, err
	}
	var taken []mail.Item
	for _, row := range res[0].Rows {
		i, err := q.take(ctx, row, lease)
		if store.IsGuard(err) {
			continue // another server was faster
		}
		if err != nil {
			return taken, err
		}
		if i != nil {
			taken = append(taken, *i)
		}
	}
	return taken, nil
}

// take leases a message. One that does not open, because the secret is another
// one now, is removed: nobody can send it.
func (q *outboxStore) take(ctx context.Context, row store.Record, lease time.Time) (*mail.Item, error) {
	id, _ := row["message"].(string)
	sealed, _ := row["sealed"].(string)
	attempts, _ := row["attempts"].(float64)
	i := mail.Item{ID: id, Attempts: int(attempts), Due: lease}
	text, err := q.secrets.Decrypt(sealed)
	if err == nil {
		err = json.Unmarshal([]byte(text), &i.Message)
	}
	if err != nil {
		return nil, q.Remove(ctx, id)
	}
	return &i, q.apply(ctx, store.Op{
		Verb: store.Update, Expect: store.One, Where: store.Is("message", id, "dueAt", row["dueAt"]),
		Set: store.Record{"dueAt": store.Millis(lease)},
	})
}

// Retry implements mail.Queue. One trip.
func (q *outboxStore) Retry(ctx context.Context, i mail.Item) error {
	return q.apply(ctx, store.Op{
		Verb: store.Update, Where: store.Is("message", i.ID),
		Set: store.Record{"attempts": float64(i.Attempts), "dueAt": store.Millis(i.Due)},
	})
}

// Remove implements mail.Queue. One trip.
func (q *outboxStore) Remove(ctx context.Context, id string) error {
	return q.apply(ctx, store.Op{Verb: store.Delete, Where: store.Is("message", id)})
}

// Next implements mail.Queue. One trip.
func (q *outboxStore) Next(ctx context.Context) (time.Time, error) {
	res, err := q.store.Read(ctx, store.Query{Table: outboxName, SortBy: "dueAt", Limit: 1})
	if err != nil {
		return time.Time{}, fmt.Errorf("next mail: %w", err)
	}
	due, _ := res[0].One()["dueAt"].(time.Time)
	return due, nil
}

var _ mail.Queue = (*outboxStore)(nil)
