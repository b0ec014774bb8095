;; There is no network: nothing to accept, nothing to send on, nothing that opens a socket.
(func $attack (local $fd i32)
  (loop $next
    (call $tell (text "accept") (call $sock_accept (local.get $fd) (i32.const 0) (i32.const 96)))
    (i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 4))
    (call $tell (text "send") (call $sock_send (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 96)))
    (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $fd) (i32.const 6)))))
