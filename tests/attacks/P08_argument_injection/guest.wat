;; Programs that seem to read only, and arguments that make them run something.
(func $attack (local $number i32)
  (call $program (call $given (i32.const 1)))
  (local.set $number (i32.const 2))
  (block $end
    (loop $next
      (br_if $end (i32.ge_u (local.get $number) (i32.load (i32.const 96))))
      (call $argument (call $given (local.get $number)))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br $next)))
  (call $launch))
