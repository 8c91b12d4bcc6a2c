//! The container of Blosc 1, zarr 2's default compression: blocks that are shuffled and packed
//! (<https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst>).

use super::codec::{bounded, short, zeros, zstd};
use super::{damaged, unsupported};
use crate::Result;
use flate2::read::ZlibDecoder;

const SHUFFLED: u8 = 1;
const COPIED: u8 = 2;
const BIT_SHUFFLED: u8 = 4;
const NOT_SPLIT: u8 = 16;

/// Elements of more bytes are not split into one stream per byte.
const MAX_SPLITS: usize = 16;

/// Blocks of fewer elements are not split.
const MIN_SPLIT: usize = 128;

/// Farthest match of BloscLZ in its short form.
const MAX_DISTANCE: usize = 8191;

/// Unpacks a chunk to at most `limit` bytes.
pub(super) fn decode(at: &str, packed: &[u8], limit: u64) -> Result<Vec<u8>> {
    let (head, body) = packed.split_first_chunk::<16>().ok_or_else(|| short(at))?;
    let number = |i: usize| u32::from_le_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
    let (flags, width) = (head[2], usize::from(head[3]).max(1));
    let (size, block) = (number(4), number(8) as usize);
    let mut out = zeros(at, size.into(), limit)?;
    if flags & COPIED != 0 {
        return Ok(body.get(..out.len()).ok_or_else(|| short(at))?.to_vec());
    }
    if out.is_empty() {
        return Ok(out);
    }
    if block == 0 {
        return Err(damaged(at, "blocks of no size"));
    }
    let mut scratch = Vec::new();
    for (i, out) in out.chunks_mut(block).enumerate() {
        let start = word(packed, 16 + 4 * i).ok_or_else(|| short(at))?;
        let whole = out.len() == block;
        let split = whole
            && flags & NOT_SPLIT == 0
            && width <= MAX_SPLITS
            && block / width >= MIN_SPLIT
            && block.is_multiple_of(width);
        scratch.clear();
        let (streams, mut place) = (if split { width } else { 1 }, start);
        for _ in 0..streams {
            let n = word(packed, place).ok_or_else(|| short(at))?;
            let end = place.saturating_add(4).saturating_add(n);
            let stream = packed.get(place + 4..end).ok_or_else(|| short(at))?;
            unpack(at, flags >> 5, stream, out.len() / streams, &mut scratch)?;
            place = end;
        }
        if flags & SHUFFLED != 0 && width > 1 {
            unshuffle(&scratch, out, width);
        } else if flags & BIT_SHUFFLED != 0 && (out.len() / width).is_multiple_of(8) {
            unshuffle_bits(&scratch, out, width);
        } else {
            out.copy_from_slice(&scratch);
        }
    }
    Ok(out)
}

/// A number of 4 bytes as a place.
fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(word.try_into().ok()?) as usize)
}

/// Appends the `n` bytes of a stream.
fn unpack(at: &str, codec: u8, stream: &[u8], n: usize, out: &mut Vec<u8>) -> Result<()> {
    if stream.len() == n {
        out.extend_from_slice(stream);
        return Ok(());
    }
    let before = out.len();
    match codec {
        0 => blosc_lz(stream, n, out).ok_or_else(|| short(at))?,
        1 => {
            out.resize(before + n, 0);
            let done = lz4_flex::block::decompress_into(stream, &mut out[before..]);
            out.truncate(before + done.map_err(|e| damaged(at, e))?);
        }
        3 => out.extend(bounded(at, ZlibDecoder::new(stream), n as u64)?),
        4 => out.extend(zstd(at, stream, n as u64)?),
        2 => return unsupported(at, "blosc with snappy"),
        other => return unsupported(at, format_args!("codec {other} of blosc")),
    }
    if out.len() == before + n { Ok(()) } else { Err(short(at)) }
}

/// BloscLZ, a form of FastLZ: literals, and matches within what was unpacked. `None` where the
/// stream ends too early or says nonsense.
fn blosc_lz(stream: &[u8], n: usize, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let mut bytes = stream.iter().map(|&byte| usize::from(byte));
    let mut control = bytes.next()? & 31;
    loop {
        if control < 32 {
            for _ in 0..=control {
                out.push(bytes.next()? as u8);
            }
        } else {
            let mut len = (control >> 5) - 1;
            if len == 6 {
                loop {
                    let more = bytes.next()?;
                    len += more;
                    if more != 255 {
                        break;
                    }
                }
            }
            let (high, low) = ((control & 31) << 8, bytes.next()?);
            let distance = match (high, low) {
                (0x1f00, 255) => (bytes.next()? << 8) + bytes.next()? + MAX_DISTANCE,
                _ => high + low,
            };
            let from = out.len().checked_sub(distance + 1).filter(|&from| from >= start)?;
            if len + 3 > n {
                return None;
            }
            // The match may overlap what it appends.
            for i in from..from + len + 3 {
                out.push(out[i]);
            }
        }
        if out.len() - start > n {
            return None;
        }
        match bytes.next() {
            Some(next) => control = next,
            None => return Some(()),
        }
    }
}

/// All first bytes of the elements, then all second ones, and so on. What is left over is plain.
fn unshuffle(from: &[u8], to: &mut [u8], width: usize) {
    let n = from.len() / width;
    for (byte, bytes) in from.chunks_exact(n.max(1)).take(width).enumerate() {
        for (element, &value) in to.chunks_exact_mut(width).zip(bytes) {
            element[byte] = value;
        }
    }
    to[n * width..].copy_from_slice(&from[n * width..]);
}

/// Like [`unshuffle`] with bits. The number of elements is a multiple of 8.
fn unshuffle_bits(from: &[u8], to: &mut [u8], width: usize) {
    let n = from.len() / width;
    let (plane, end) = (n / 8, n * width);
    to[..end].fill(0);
    for (bit, bits) in from[..end].chunks_exact(plane.max(1)).enumerate() {
        let (byte, shift) = (bit / 8, bit % 8);
        for (i, &eight) in bits.iter().enumerate() {
            for j in 0..8 {
                to[(8 * i + j) * width + byte] |= (eight >> j & 1) << shift;
            }
        }
    }
    to[end..].copy_from_slice(&from[end..]);
}
