using System.Buffers.Binary;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <summary>Copies the objects of a message on to the other side: with another transaction and GateSpec, without what stays behind.</summary>
internal static class ForwardCopy
{
    public const uint ReceiptKey = 1u << (int)PcmmObject.MsgReceiptKey;
    /// <summary>What only complete synchronisation reports carry.</summary>
    public const uint CompleteOnly = (1u << (int)PcmmObject.GateSpec) | (1u << (int)PcmmObject.Classifier) | (1u << (int)PcmmObject.TrafficProfile)
        | (1u << (int)PcmmObject.EventGenerationInfo) | (1u << (int)PcmmObject.VolumeLimit) | (1u << (int)PcmmObject.TimeLimit);

    public const uint Psid = 1u << (int)PcmmObject.Psid;

    /// <param name="writer">Receives the objects behind a TransactionID that the caller has added.</param>
    /// <param name="message">What came.</param>
    /// <param name="target">Layout of the other side; profiles are converted when it differs.</param>
    /// <param name="without">Bits of object numbers that are left out.</param>
    /// <param name="spec">Replaces the GateSpec.</param>
    public static void AddObjects(ref CopsWriter writer, in PcmmMessage message, PcmmLayout target, uint without = 0, GateSpec? spec = null)
    {
        ReadOnlySpan<byte> payload = message.Payload;
        for (int at = 0; at < payload.Length;)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(payload[at..]);
            byte number = payload[at + 2];
            ReadOnlySpan<byte> whole = payload.Slice(at, length);
            at += length;
            if (number == (byte)PcmmObject.TransactionId || (number < 32 && (without & (1u << number)) != 0)) continue;
            if (number == (byte)PcmmObject.GateSpec && spec is { } replacement) writer.AddGateSpec(replacement);
            else if (number == (byte)PcmmObject.TrafficProfile && target != message.Layout && message.TryGetProfile(out TrafficProfile profile) == PcmmErrorCode.None)
            {
                writer.AddProfile(profile, target);
            }
            else
            {
                writer.AddRaw(whole);
            }
        }
    }
}
