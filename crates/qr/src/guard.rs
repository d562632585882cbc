//! Decoders that panic and decoders that do not end, made harmless.
//!
//! rqrr asserts that coordinates fit 32 bits, which real photographs break, and its search over many finder
//! patterns copies the whole picture for each pair: half a minute on a photo of a screen. It offers no way to stop
//! it, so [`Watched`], the picture that it looks at, stops it: past the deadline, looking at a pixel unwinds.

use crate::plane::Plane;
use image::{GenericImage, GenericImageView, Luma};
pub(crate) use keyhaven_pdf::{Deadline, catching};
use std::cell::Cell;
use std::panic;

/// How many looks at the picture go by between two looks at the clock: some 50 µs.
const LOOKS: u32 = 1 << 16;

/// A picture for rqrr that stops whoever looks at it after the deadline.
pub(crate) struct Watched {
    width: u32,
    height: u32,
    pixels: Vec<Luma<u8>>,
    deadline: Deadline,
    looks: Cell<u32>,
}

impl Watched {
    pub fn new(plane: &Plane, deadline: &Deadline) -> Self {
        Self {
            width: plane.width,
            height: plane.height,
            pixels: plane.pixels.iter().map(|p| Luma([*p])).collect(),
            deadline: *deadline,
            looks: Cell::new(0),
        }
    }

    fn look(&self) {
        let looks = self.looks.get() + 1;
        self.looks.set(looks % LOOKS);
        if looks == LOOKS {
            self.stop_if_late();
        }
    }

    fn stop_if_late(&self) {
        if self.deadline.passed() {
            // Straight to `catching`, past the panic hook.
            panic::resume_unwind(Box::new(()));
        }
    }

    fn place(&self, x: u32, y: u32) -> usize {
        y as usize * self.width as usize + x as usize
    }
}

impl Clone for Watched {
    // rqrr copies the picture for every group of finder patterns that it tries: the place where its time goes.
    fn clone(&self) -> Self {
        self.stop_if_late();
        Self { pixels: self.pixels.clone(), looks: Cell::new(0), ..*self }
    }
}

impl GenericImageView for Watched {
    type Pixel = Luma<u8>;

    fn dimensions(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn get_pixel(&self, x: u32, y: u32) -> Luma<u8> {
        self.look();
        self.pixels[self.place(x, y)]
    }
}

impl GenericImage for Watched {
    fn get_pixel_mut(&mut self, x: u32, y: u32) -> &mut Luma<u8> {
        self.look();
        let place = self.place(x, y);
        &mut self.pixels[place]
    }

    fn put_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.look();
        let place = self.place(x, y);
        self.pixels[place] = pixel;
    }

    fn blend_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        // A grey pixel without transparency covers what was there.
        self.put_pixel(x, y, pixel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn looking_past_the_deadline_stops_the_looker() {
        let plane = Plane::new(4, 4, vec![0; 16]);
        let late = Watched::new(&plane, &Deadline::after(Duration::ZERO));
        assert!(
            catching(|| loop {
                late.get_pixel(0, 0);
            })
            .is_none()
        );
        assert!(catching(|| late.clone()).is_none());
        let early = Watched::new(&plane, &Deadline::after(Duration::MAX));
        assert!(catching(|| (0..3 * LOOKS).for_each(|_| _ = early.get_pixel(3, 3))).is_some());
    }
}
