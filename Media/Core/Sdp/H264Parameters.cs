using System.Globalization;

namespace MediaRelay.Media.Sdp;

/// <summary>Profile and level of an H.264 format (RFC 6184 sections 8.1 and 8.2.2).</summary>
/// <param name="Profile">What a decoder must support.</param>
/// <param name="Level">level_idc, ten times the level: 31 is level 3.1; 9 stands for level 1b.</param>
public readonly record struct H264Parameters(H264Profile Profile, int Level)
{
    /// <summary>Reads six hexadecimal digits of profile-level-id; null stands for the default, Baseline level 1.</summary>
    public static bool TryParse(string? profileLevelId, out H264Parameters parameters)
    {
        parameters = new H264Parameters(H264Profile.Baseline, 10);
        if (profileLevelId is null) return true;
        if (profileLevelId.Length != 6 || !int.TryParse(profileLevelId, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return false;
        var (idc, iop, level) = (value >> 16, (value >> 8) & 0xff, value & 0xff);
        // RFC 6184 table 5: the constraint flags turn the number of one profile into a subset shared with others.
        var profile = (idc, iop) switch
        {
            (0x42, var i) when (i & 0x40) != 0 => H264Profile.ConstrainedBaseline,
            (0x4d, var i) when (i & 0x80) != 0 => H264Profile.ConstrainedBaseline,
            (0x58, var i) when (i & 0xc0) == 0xc0 => H264Profile.ConstrainedBaseline,
            (0x42, _) => H264Profile.Baseline,
            (0x58, var i) when (i & 0x80) != 0 => H264Profile.Baseline,
            (0x4d, _) => H264Profile.Main,
            (0x58, _) => H264Profile.Extended,
            (0x64, var i) when (i & 0x0c) == 0x0c => H264Profile.ConstrainedHigh,
            (0x64, _) => H264Profile.High,
            _ => H264Profile.Other,
        };
        // Level 1b is level_idc 11 with constraint_set3 in the older profiles.
        if (level == 11 && (iop & 0x10) != 0 && idc is (0x42 or 0x4d or 0x58)) level = 9;
        parameters = new H264Parameters(profile, level);
        return true;
    }

    /// <summary>Same profile and same packetization mode; the level may differ, it is negotiated.</summary>
    public static bool AreCompatible(FormatParameters left, FormatParameters right)
    {
        if (left.Number("packetization-mode", 0) != right.Number("packetization-mode", 0)) return false;
        return TryParse(left["profile-level-id"], out var a) && TryParse(right["profile-level-id"], out var b) && a.Profile == b.Profile && a.Profile != H264Profile.Other;
    }

    /// <summary>
    /// True when a decoder that announced <paramref name="receiver"/> can show a stream of this profile. Constrained Baseline
    /// is a subset of all others; a sender of Baseline cameras rarely uses what the constrained form removes.
    /// </summary>
    public bool CanBeShownBy(H264Profile receiver) => Profile == receiver || (Profile, receiver) switch
    {
        (H264Profile.ConstrainedBaseline, not H264Profile.Other) => true,
        (H264Profile.Main, H264Profile.High) => true,
        (H264Profile.ConstrainedHigh, H264Profile.High) => true,
        _ => false,
    };
}
