using System.Collections.Immutable;
using System.Text;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>Brings a journal entry back to the request it was written for.</summary>
internal static class GateJournalReader
{
    public static bool TryRead(GateJournalEntry entry, out ManagedGate gate)
    {
        gate = null!;
        if (!PcmmMessage.TryRead(entry.Objects, PcmmLayout.Current, out PcmmMessage objects)) return false;
        if (!objects.TryGetAmid(out Amid amid) || !objects.TryGetSubscriber(out SubscriberId subscriber) || !objects.TryGetGateSpec(out GateSpec spec)) return false;
        if (objects.TryGetProfile(out TrafficProfile profile) != PcmmErrorCode.None) return false;
        ImmutableArray<Classifier>.Builder classifiers = ImmutableArray.CreateBuilder<Classifier>(objects.ClassifierCount);
        foreach (PcmmMessage.ObjectSequence item in objects.Classifiers)
        {
            Classifier classifier = item.Classifier;
            if (classifier.Action != ClassifierAction.Delete) classifiers.Add(classifier with { Action = ClassifierAction.Add });
        }
        var request = new GateRequest(spec, subscriber, profile, classifiers.ToImmutable())
        {
            ApplicationType = amid.ApplicationType,
            VolumeLimitKilobytes = objects.TryGetVolumeLimit(out ulong volume) ? volume : null,
            TimeLimitSeconds = objects.TryGetTimeLimit(out uint seconds) ? seconds : null,
            Events = objects.TryGetEventGenerationInfo(out EventGenerationInfo events) ? events : null,
            UserId = objects.UserId.IsEmpty ? null : Encoding.UTF8.GetString(objects.UserId),
        };
        gate = new ManagedGate(entry.Handle, entry.Session, request)
        {
            Id = entry.Gate, Entry = entry, Sent = request, Confirmed = request,
            Phase = entry.Gate.Value == 0 ? ManagedPhase.Setting : ManagedPhase.Active,
            IsUnsure = entry.Gate.Value == 0,
        };
        return true;
    }
}
