//! The QR code that a phone takes a new device from: a PNG of an `otpauth` address.
//! Source: IAM API reference, `VirtualMFADevice`.

use percent_encoding::utf8_percent_encode;
use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, QrCode};

use crate::{api::iam::nodes::RESERVED, base::Fault};

/// The width of a module, in pixels.
const MODULE_PIXELS: usize = 4;
/// The width of the margin, in modules (ISO/IEC 18004, 9.1).
const MARGIN_MODULES: usize = 4;

/// The address: whose secret it is, and the secret.
pub(super) fn address(device: &str, account: &str, seed: &str) -> String {
    let [device, account] = [device, account].map(|text| utf8_percent_encode(text, RESERVED));
    format!("otpauth://totp/{device}@{account}?secret={seed}")
}

/// A text as a QR code as a PNG.
pub(super) fn png(text: &str) -> Result<Vec<u8>, Fault> {
    let code = QrCode::new(text).map_err(failed)?;
    let (width, colors) = (code.width(), code.to_colors());
    let pixels = (width + 2 * MARGIN_MODULES) * MODULE_PIXELS;
    let is_dark = |x: usize, y: usize| {
        let module = |pixel: usize| (pixel / MODULE_PIXELS).checked_sub(MARGIN_MODULES).filter(|at| *at < width);
        let at = module(x).zip(module(y)).map(|(x, y)| y * width + x);
        at.and_then(|at| colors.get(at)).is_some_and(|color| *color == Color::Dark)
    };
    let mut rows = Vec::with_capacity(pixels * pixels.div_ceil(8));
    for y in 0..pixels {
        for first in (0..pixels).step_by(8) {
            rows.push((first..first + 8).fold(0, |byte, x| byte << 1 | u8::from(!is_dark(x, y))));
        }
    }
    let side = u32::try_from(pixels).map_err(failed)?;
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&rows).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

fn failed(why: impl std::fmt::Display) -> Fault {
    Fault::new(500, "ServiceFailure", "The QR code could not be made.").because(why)
}
