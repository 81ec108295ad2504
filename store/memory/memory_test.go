package memory_test

import (
	"testing"

	"github.com/lockstep-auth/lockstep/schema"
	"github.com/lockstep-auth/lockstep/store"
	"github.com/lockstep-auth/lockstep/store/memory"
	"github.com/lockstep-auth/lockstep/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T, []schema.Table) store.Store { return memory.New() },
		storetest.Without(storetest.BatchIDs))
}
