using System.Text;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Fuzz.Qos;

/// <summary>Writes a message again from the values that were read out of it: what the reader misses, the copy lacks.</summary>
internal static class MessageRewriter
{
    /// <summary>The length of the copy, or -1 when an object's value is not acceptable.</summary>
    public static int Rewrite(in CopsMessage message, Span<byte> destination)
    {
        var writer = new CopsWriter(destination, message.Header.OpCode, message.Header.IsSolicited);
        if (!message.PepId.IsEmpty || message.Header.OpCode == CopsOpCode.ClientOpen) writer.AddPepId(message.PepId);
        if (!message.Handle.IsEmpty) writer.AddBytes((byte)CopsClass.Handle, 1, message.Handle);
        switch (message.Header.OpCode)
        {
            case CopsOpCode.Request:
                writer.AddUInt32((byte)CopsClass.Context, 1, message.Context);
                if (!message.Payload.IsEmpty) writer.BeginPayload(CopsClass.ClientSpecific, 1);
                break;
            case CopsOpCode.Decision:
                writer.AddUInt32((byte)CopsClass.Context, 1, message.Context);
                writer.AddPair((byte)CopsClass.Decision, 1, message.DecisionCommand, 0);
                writer.BeginPayload(CopsClass.Decision, 4);
                break;
            case CopsOpCode.ReportState:
                writer.AddPair((byte)CopsClass.ReportType, 1, (ushort)message.ReportType, 0);
                writer.BeginPayload(CopsClass.ClientSpecific, 1);
                break;
            case CopsOpCode.ClientOpen:
                writer.BeginPayload(CopsClass.ClientSpecific, 1);
                break;
            case CopsOpCode.ClientAccept:
                writer.AddPair((byte)CopsClass.KeepAliveTimer, 1, 0, message.KeepAliveSeconds);
                break;
            case CopsOpCode.ClientClose:
                writer.AddPair((byte)CopsClass.Error, 1, (ushort)message.Error, message.ErrorSubCode);
                break;
            case CopsOpCode.DeleteRequestState:
                writer.AddPair((byte)CopsClass.Reason, 1, (ushort)message.Reason, 0);
                break;
        }
        bool hasPlace = message.Header.OpCode is CopsOpCode.Request or CopsOpCode.Decision or CopsOpCode.ReportState or CopsOpCode.ClientOpen;
        if (hasPlace && !message.Payload.IsEmpty && !AddObjects(ref writer, message.Payload)) return -1;
        return writer.TryFinish(out int length) ? length : -1;
    }

    /// <summary>Each object in the order of the payload, by its typed value.</summary>
    private static bool AddObjects(ref CopsWriter writer, ReadOnlySpan<byte> payload)
    {
        for (int at = 0; at < payload.Length;)
        {
            int length = (payload[at] << 8) | payload[at + 1];
            if (!PcmmMessage.TryRead(payload.Slice(at, length), PcmmLayout.Current, out PcmmMessage one)) return false;
            if (one.Present != 0 && one.Invalid == 0 && !AddObject(ref writer, one)) return false;
            at += length;
        }
        return true;
    }

    private static bool AddObject(ref CopsWriter writer, in PcmmMessage one)
    {
        switch ((PcmmObject)System.Numerics.BitOperations.TrailingZeroCount(one.Present))
        {
            case PcmmObject.TransactionId: writer.AddTransaction(one.Transaction, one.Command); break;
            case PcmmObject.Amid when one.TryGetAmid(out Amid amid): writer.AddAmid(amid); break;
            case PcmmObject.SubscriberId when one.TryGetSubscriber(out SubscriberId subscriber): writer.AddSubscriber(subscriber); break;
            case PcmmObject.GateId when one.TryGetGateId(out GateId id): writer.AddGateId(id); break;
            case PcmmObject.GateSpec when one.TryGetGateSpec(out GateSpec spec): writer.AddGateSpec(spec); break;
            case PcmmObject.Classifier:
                foreach (PcmmMessage.ObjectSequence item in one.Classifiers) writer.AddClassifier(item.Classifier);
                break;
            case PcmmObject.TrafficProfile:
                if (one.TryGetProfile(out TrafficProfile profile) != PcmmErrorCode.None) return false;
                bool old = profile.BodySize(PcmmLayout.Current) != one.LengthOf(PcmmObject.TrafficProfile) - 4;
                writer.AddProfile(profile, old ? PcmmLayout.Old : PcmmLayout.Current);
                break;
            case PcmmObject.EventGenerationInfo when one.TryGetEventGenerationInfo(out EventGenerationInfo egi): writer.AddEventGenerationInfo(egi); break;
            case PcmmObject.VolumeLimit when one.TryGetVolumeLimit(out ulong volume): writer.AddVolumeLimit(volume); break;
            case PcmmObject.TimeLimit when one.TryGetTimeLimit(out uint seconds): writer.AddTimeLimit(seconds); break;
            case PcmmObject.OpaqueData when one.TryGetOpaque(out ulong opaque): writer.AddOpaque(opaque); break;
            case PcmmObject.GateTimeInfo when one.TryGetGateTime(out uint time): writer.AddGateTime(time); break;
            case PcmmObject.GateUsageInfo when one.TryGetGateUsage(out ulong usage): writer.AddGateUsage(usage); break;
            case PcmmObject.Error when one.TryGetError(out PcmmError error): writer.AddError(error); break;
            case PcmmObject.GateState when one.TryGetState(out GateState state, out GateReason reason): writer.AddState(state, reason); break;
            case PcmmObject.VersionInfo when one.TryGetVersion(out PcmmVersion version): writer.AddVersion(version); break;
            case PcmmObject.Psid when one.TryGetPsid(out Psid psid): writer.AddPsid(psid); break;
            case PcmmObject.SynchOptions when one.TryGetSynchOptions(out SynchOptions options): writer.AddSynchOptions(options); break;
            case PcmmObject.MsgReceiptKey when one.TryGetReceiptKey(out uint key): writer.AddReceiptKey(key); break;
            case PcmmObject.SharedResourceId when one.TryGetSharedResource(out uint shared): writer.AddSharedResource(shared); break;
            case PcmmObject.UserId: writer.AddUserId(Encoding.UTF8.GetString(one.UserId)); break;
            default: return false;
        }
        return true;
    }
}
