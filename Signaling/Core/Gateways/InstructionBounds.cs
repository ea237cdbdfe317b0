using System.Globalization;

namespace MediaRelay.Signaling.Gateways;

/// <summary>
/// How many instructions may wait for one gateway, and what is refused when there are too many. Nothing that waits is ever dropped, because
/// its number would leave a gap that the gateway could not acknowledge: a full queue refuses what is new.
/// </summary>
/// <remarks>
/// The last quarter of both bounds is kept for what changes the home's safety or ends something (<see cref="IsDeferrable"/> names the
/// rest). Instructions past their end wait as bare envelopes, so that they cost few octets until the gateway has reported them expired.
/// </remarks>
/// <param name="Count">Instructions; at most <see cref="MaxCount"/>, the window that a gateway remembers.</param>
/// <param name="Octets">Octets of their XML.</param>
public sealed record InstructionBounds(int Count, long Octets)
{
    /// <summary>The largest bound: a gateway tells known numbers from new ones within its window.</summary>
    public const int MaxCount = 4000;

    /// <summary>1000 instructions, 2 MiB.</summary>
    public static InstructionBounds Default { get; } = new(1000, 2 * 1024 * 1024);

    /// <summary>True for what can be asked again later: questions, pictures, texts, downloads.</summary>
    public static bool IsDeferrable(string kind) => kind is InstructionKinds.PropertyGet or InstructionKinds.HomeQuery or InstructionKinds.ClipRequest or InstructionKinds.LogUpload
        or InstructionKinds.ContentShow or InstructionKinds.TimeHint or InstructionKinds.ConfigApply or InstructionKinds.FirmwareApply
        or InstructionKinds.MediaInvite or InstructionKinds.MediaOffer or InstructionKinds.MediaCandidate;

    /// <summary>Why one more instruction is refused, as a sentence; null when it fits.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="size">Octets of its XML.</param>
    /// <param name="waiting">What waits already.</param>
    public string? Refusal(string kind, int size, InstructionLoad waiting)
    {
        bool isDeferrable = IsDeferrable(kind);
        long count = isDeferrable ? Count - (Count / 4) : Count, octets = isDeferrable ? Octets - (Octets / 4) : Octets;
        if (waiting.Count < count && waiting.Octets + size <= octets)
            return null;
        string rest = isDeferrable ? "; the last quarter is kept for arming, disarming, control and endings" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{waiting.Count} instructions with {waiting.Octets} octets wait already, of {Count} and {Octets} allowed{rest}. Send {kind} again when the gateway is back.");
    }
}
