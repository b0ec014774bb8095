;; Sockets that would let a command act as the person.
(func $attack (call $program (text "/usr/bin/env")) (call $launch))
