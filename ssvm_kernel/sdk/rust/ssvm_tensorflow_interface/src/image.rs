//! Pictures to pixels.

use crate::host;

macro_rules! loaders {
    ($($name:ident, $host:ident, $kind:ty, $what:literal;)*) => {$(
        #[doc = concat!("Decode ", $what, " of the given size; empty when it is none, or not of three colours.")]
        pub fn $name(img_buf: &[u8], w: u32, h: u32) -> Vec<$kind> {
            let mut pixels = vec![<$kind>::default(); w as usize * h as usize * 3];
            let at = pixels.as_mut_ptr() as *mut u8;
            let failed = unsafe { host::$host(img_buf.as_ptr(), img_buf.len() as u32, w, h, at) };
            if failed != 0 {
                pixels.clear();
            }
            pixels
        }
    )*};
}

loaders! {
    load_jpg_image_to_rgb8, load_jpg_to_rgb8, u8, "a JPEG picture to red, green and blue bytes";
    load_jpg_image_to_bgr8, load_jpg_to_bgr8, u8, "a JPEG picture to blue, green and red bytes";
    load_jpg_image_to_rgb32f, load_jpg_to_rgb32f, f32, "a JPEG picture to red, green and blue from 0 to 1";
    load_jpg_image_to_bgr32f, load_jpg_to_bgr32f, f32, "a JPEG picture to blue, green and red from 0 to 1";
    load_png_image_to_rgb8, load_png_to_rgb8, u8, "a PNG picture to red, green and blue bytes";
    load_png_image_to_bgr8, load_png_to_bgr8, u8, "a PNG picture to blue, green and red bytes";
    load_png_image_to_rgb32f, load_png_to_rgb32f, f32, "a PNG picture to red, green and blue from 0 to 1";
    load_png_image_to_bgr32f, load_png_to_bgr32f, f32, "a PNG picture to blue, green and red from 0 to 1";
}
