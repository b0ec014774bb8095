;; Reading, or reading and writing: writing alone was never sound, and is not on offer.
(func $attack (call $show_file (i32.const 3) (text "plain")))
