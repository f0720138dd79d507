module tminus.dev/lab/images/pause

go 1.26
