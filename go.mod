module github.com/lockstep-auth/lockstep

go 1.26.0
