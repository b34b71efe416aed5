//! PP-OCR models (Apache-2.0) run by `rten`. Their files are no part of the sources: `cargo xtask models` fetches them, and
//! what is there when the crate is built is put into it.

use std::sync::{Arc, OnceLock};

use rten::{Model, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, Tensor};

use super::boxes::boxes;
use super::pixels::{Pixels, Quad};
use super::reader::{Recogniser, Said};

/// Most boxes of one picture.
const MAX_BOXES: usize = 600;
/// The height at which a line is read, in pixels, as the model was trained.
const LINE: usize = 48;
/// The widest line that is read at that height; longer ones are pressed together.
const MAX_LINE: usize = 2_400;
/// Most pixels in which text is looked for, which takes most of the time; a larger picture is made smaller for that, not for
/// reading.
const MAX_SEARCHED: f32 = 1_000_000.0;
/// Below this, of the least sure character, a line is read once more by the larger model: that is nearly half of the lines of
/// poor scans and few of good ones, and takes most of the larger model's gain at a third of its cost.
const DOUBTED: f32 = 0.8;

/// The models, tiny for all lines and small for those that it doubts.
pub(super) struct PpOcr {
    detect: Model,
    tiny: Reader,
    small: Reader,
    pool: Arc<ThreadPool>,
}

/// A model that reads lines.
struct Reader {
    model: Model,
    /// What it knows, by class; the first class is no character.
    characters: Vec<String>,
}

impl Reader {
    #[cfg_attr(not(outlay_models), allow(dead_code))]
    fn new(model: &'static [u8], known: &str) -> Option<Reader> {
        let mut characters = vec![String::new()];
        characters.extend(known.lines().map(str::to_owned));
        characters.push(" ".to_owned());
        Some(Reader {
            model: Model::load_static_slice(model).ok()?,
            characters,
        })
    }
}

/// The recogniser in this binary, made ready when it is first asked for; `None` where it was built without the models.
pub(super) fn built_in() -> Option<&'static PpOcr> {
    static LOADED: OnceLock<Option<PpOcr>> = OnceLock::new();
    LOADED.get_or_init(load).as_ref()
}

/// Whether this binary holds the models.
pub(super) const fn is_built_in() -> bool {
    cfg!(outlay_models)
}

#[cfg(outlay_models)]
fn load() -> Option<PpOcr> {
    macro_rules! file {
        ($include:ident, $name:literal) => {
            $include!(concat!(env!("OUTLAY_MODELS"), "/", $name))
        };
    }
    PpOcr::new(
        file!(include_bytes, "det.onnx"),
        Reader::new(file!(include_bytes, "tiny.onnx"), file!(include_str, "tiny.txt"))?,
        Reader::new(file!(include_bytes, "small.onnx"), file!(include_str, "small.txt"))?,
    )
}

#[cfg(not(outlay_models))]
fn load() -> Option<PpOcr> {
    None
}

impl PpOcr {
    #[cfg_attr(not(outlay_models), allow(dead_code))]
    fn new(detect: &'static [u8], tiny: Reader, small: Reader) -> Option<PpOcr> {
        // Half of the machine at most: whoever waits for a page goes before whoever waits for a photo.
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        Some(PpOcr {
            detect: Model::load_static_slice(detect).ok()?,
            tiny,
            small,
            pool: Arc::new(ThreadPool::with_num_threads((cores / 2).max(1))),
        })
    }

    fn run(&self, model: &Model, planes: Vec<f32>, width: usize, height: usize) -> Option<Tensor<f32>> {
        let input = NdTensor::from_data([1, 3, height, width], planes);
        let mut options = RunOptions::default();
        options.thread_pool = Some(self.pool.clone());
        let output = model.run_one(input.view().into(), Some(options)).ok()?;
        output.try_into().ok()
    }
}

impl Recogniser for PpOcr {
    fn find(&self, picture: &Pixels) -> Vec<Quad> {
        let area = (picture.width * picture.height) as f32;
        let scale = (MAX_SEARCHED / area).sqrt().min(1.0);
        let side = |pixels: usize| (((pixels as f32 * scale) / 32.0).round() as usize * 32).clamp(32, 6_400);
        let (width, height) = (side(picture.width), side(picture.height));
        let mut planes = picture.planes(width, height);
        for (plane, (mean, spread)) in
            planes
                .chunks_exact_mut(width * height)
                .zip([(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)])
        {
            plane.iter_mut().for_each(|v| *v = (*v / 255.0 - mean) / spread);
        }
        let Some(map) = self.run(&self.detect, planes, width, height) else {
            return Vec::new();
        };
        let (across, down) = (
            picture.width as f32 / width as f32,
            picture.height as f32 / height as f32,
        );
        let found = boxes(&map.to_vec(), width, MAX_BOXES);
        found.iter().map(|q| q.map(|(x, y)| (x * across, y * down))).collect()
    }

    fn read(&self, picture: &Pixels, place: &Quad) -> Said {
        let ratio = place.width() / place.height().max(1.0);
        let width = ((ratio * LINE as f32).ceil() as usize)
            .next_multiple_of(8)
            .clamp(LINE, MAX_LINE);
        let mut planes = picture.cut(place, width, LINE);
        planes.iter_mut().for_each(|v| *v = *v / 127.5 - 1.0);
        let by = |reader: &Reader, planes: Vec<f32>| {
            let classes = self.run(&reader.model, planes, width, LINE);
            classes.map_or_else(Said::default, |c| reader.said(&c.to_vec()))
        };
        let first = by(&self.tiny, planes.clone());
        if first.least >= DOUBTED {
            return first;
        }
        let second = by(&self.small, planes);
        if second.confidence > first.confidence - 0.05 {
            second
        } else {
            first
        }
    }
}

impl Reader {
    /// The best class of each step; the same one in succession is one character (CTC).
    fn said(&self, steps: &[f32]) -> Said {
        let mut said = Said::default();
        let (mut last, mut sum, mut count) = (0, 0.0, 0);
        for step in steps.chunks_exact(self.characters.len()) {
            let (mut best, mut share) = (0, f32::NEG_INFINITY);
            for (class, value) in step.iter().enumerate() {
                if *value > share {
                    (best, share) = (class, *value);
                }
            }
            if best != 0 && best != last {
                said.text.push_str(&self.characters[best]);
                sum += share;
                count += 1;
                said.least = said.least.min(share);
            }
            last = best;
        }
        said.confidence = if count == 0 { 0.0 } else { sum / count as f32 };
        said
    }
}
