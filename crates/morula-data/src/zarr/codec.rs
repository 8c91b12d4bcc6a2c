//! Codecs that turn bytes into bytes. Each unpacks to a given number of bytes at most.

use super::{blosc, damaged, unsupported};
use crate::Result;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use serde_json::Value;
use std::io::Read;

/// Windows of zstd up to this size are always allowed: the default of its levels up to 19.
const WINDOW: u64 = 1 << 23;

/// Largest window of zstd, as in its own tools.
const MAX_WINDOW: u64 = 1 << 27;

/// A codec of either version of zarr. Version 2 calls them compressors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Zlib,
    Zstd,
    Blosc,
    /// A block of LZ4 after its size.
    Lz4,
    /// Bytes before their checksum.
    Crc32c,
}

impl Codec {
    /// The codec of a name.
    pub fn named(at: &str, name: &str) -> Result<Self> {
        match name.strip_prefix("numcodecs.").unwrap_or(name) {
            "gzip" => Ok(Self::Gzip),
            "zlib" => Ok(Self::Zlib),
            "zstd" => Ok(Self::Zstd),
            "blosc" => Ok(Self::Blosc),
            "lz4" => Ok(Self::Lz4),
            "crc32c" => Ok(Self::Crc32c),
            other => unsupported(at, format_args!("codec {other:?}")),
        }
    }

    /// The codec in metadata of version 2.
    pub fn v2(at: &str, value: &Value) -> Result<Option<Self>> {
        if value.is_null() {
            return Ok(None);
        }
        let name = value.get("id").and_then(Value::as_str);
        Self::named(at, name.ok_or_else(|| damaged(at, "a compressor without a name"))?).map(Some)
    }

    /// Unpacks to at most `limit` bytes.
    pub fn decode(self, at: &str, packed: Vec<u8>, limit: u64) -> Result<Vec<u8>> {
        match self {
            Self::Gzip => bounded(at, MultiGzDecoder::new(&packed[..]), limit),
            Self::Zlib => bounded(at, ZlibDecoder::new(&packed[..]), limit),
            Self::Zstd => zstd(at, &packed, limit),
            Self::Blosc => blosc::decode(at, &packed, limit),
            Self::Lz4 => {
                let (size, block) = packed.split_first_chunk().ok_or_else(|| short(at))?;
                let size = u32::from_le_bytes(*size).into();
                let mut out = zeros(at, size, limit)?;
                let n = lz4_flex::block::decompress_into(block, &mut out);
                let n = n.map_err(|e| damaged(at, e))?;
                if n == out.len() { Ok(out) } else { Err(short(at)) }
            }
            Self::Crc32c => {
                let mut packed = packed;
                let (bytes, sum) = packed.split_last_chunk().ok_or_else(|| short(at))?;
                if crc32c::crc32c(bytes) != u32::from_le_bytes(*sum) {
                    return Err(damaged(at, "a checksum is wrong"));
                }
                packed.truncate(packed.len() - 4);
                Ok(packed)
            }
        }
    }
}

/// One frame of zstd.
pub(super) fn zstd(at: &str, packed: &[u8], limit: u64) -> Result<Vec<u8>> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(limit.clamp(WINDOW, MAX_WINDOW));
    let stream = StreamingDecoder::new_with_decoder(packed, decoder);
    bounded(at, stream.map_err(|e| damaged(at, e))?, limit)
}

/// Reads a stream of at most `limit` bytes. Memory grows with what is read.
pub(super) fn bounded(at: &str, stream: impl Read, limit: u64) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let read = stream.take(limit.saturating_add(1)).read_to_end(&mut out);
    read.map_err(|e| damaged(at, e))?;
    if out.len() as u64 > limit { Err(too_large(at, limit)) } else { Ok(out) }
}

/// Room for bytes.
pub(super) fn zeros(at: &str, size: u64, limit: u64) -> Result<Vec<u8>> {
    if size > limit {
        return Err(too_large(at, limit));
    }
    let mut out = Vec::new();
    out.try_reserve_exact(size as usize).map_err(|e| damaged(at, e))?;
    out.resize(size as usize, 0);
    Ok(out)
}

fn too_large(at: &str, limit: u64) -> crate::DataError {
    damaged(at, format_args!("a chunk unpacks to more than its {limit} bytes"))
}

pub(super) fn short(at: &str) -> crate::DataError {
    damaged(at, "a chunk is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, read::GzEncoder};

    #[test]
    fn nothing_unpacks_to_more_than_its_bound() {
        let zeros = vec![0u8; 1 << 20];
        let mut gzip = Vec::new();
        GzEncoder::new(&zeros[..], Compression::fast()).read_to_end(&mut gzip).unwrap();
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        let zstd = ruzstd::encoding::compress_to_vec(&zeros[..], level);
        for (codec, packed) in [(Codec::Gzip, gzip), (Codec::Zstd, zstd)] {
            assert_eq!(codec.decode("x", packed.clone(), 1 << 20).unwrap(), zeros);
            let error = codec.decode("x", packed.clone(), (1 << 20) - 1).unwrap_err().to_string();
            assert!(error.contains("more than its 1048575 bytes"), "{error}");
            for end in 0..packed.len() {
                let cut = codec.decode("x", packed[..end].to_vec(), 1 << 20);
                assert!(cut.is_err(), "{codec:?} {end}");
            }
        }
        // Sizes that are only claimed.
        let claims = [255, 255, 255, 127, 0];
        assert!(Codec::Lz4.decode("x", claims.to_vec(), 1 << 20).is_err());
    }

    #[test]
    fn a_checksum_is_checked() {
        // 0xE3069283 is the CRC-32C of "123456789" (RFC 3720).
        let mut bytes = b"123456789".to_vec();
        bytes.extend(0xE306_9283u32.to_le_bytes());
        assert_eq!(Codec::Crc32c.decode("x", bytes.clone(), 9).unwrap(), b"123456789");
        bytes[0] ^= 1;
        assert!(Codec::Crc32c.decode("x", bytes, 9).is_err());
    }
}
