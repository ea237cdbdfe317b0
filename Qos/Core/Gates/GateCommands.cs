using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>The commands that a decision point writes about one gate.</summary>
internal static class GateCommands
{
    /// <summary>Objects of a Gate-Set behind the transaction: creation without a number, modification with one.</summary>
    public static void AddGateSet(ref CopsWriter writer, Amid amid, GateId id, GateRequest request, GateRequest? confirmed, GateHandle handle, PcmmLayout layout)
    {
        writer.AddAmid(amid);
        writer.AddSubscriber(request.Subscriber);
        if (id.Value != 0) writer.AddGateId(id);
        writer.AddGateSpec(request.Spec);
        writer.AddProfile(request.Profile, layout);
        AddClassifiers(ref writer, request, id.Value == 0 ? null : confirmed);
        if (request.Events is { } events && id.Value == 0) writer.AddEventGenerationInfo(events);
        if (request.VolumeLimitKilobytes is { } volume) writer.AddVolumeLimit(volume);
        if (request.TimeLimitSeconds is { } seconds) writer.AddTimeLimit(seconds);
        writer.AddOpaque(handle.Value);
        if (request.UserId is { } user) writer.AddUserId(user);
    }

    public static void AddGateReference(ref CopsWriter writer, Amid amid, in SubscriberId subscriber, GateId id)
    {
        writer.AddAmid(amid);
        writer.AddSubscriber(subscriber);
        writer.AddGateId(id);
    }

    /// <summary>Legacy classifiers replace the set; the others say what changes, and one that is unchanged when nothing does.</summary>
    private static void AddClassifiers(ref CopsWriter writer, GateRequest request, GateRequest? confirmed)
    {
        foreach (Classifier wanted in request.Classifiers)
        {
            ClassifierAction action = ClassifierAction.Add;
            if (confirmed is not null && TryFind(confirmed, wanted.Id, out Classifier present))
            {
                action = present with { Action = 0 } == wanted with { Action = 0 } ? ClassifierAction.NoChange : ClassifierAction.Replace;
            }
            writer.AddClassifier(wanted.Kind == ClassifierKind.Legacy ? wanted : wanted with { Action = action });
        }
        if (confirmed is null) return;
        foreach (Classifier present in confirmed.Classifiers)
        {
            if (present.Kind != ClassifierKind.Legacy && !TryFind(request, present.Id, out _)) writer.AddClassifier(present with { Action = ClassifierAction.Delete });
        }
    }

    private static bool TryFind(GateRequest request, ushort id, out Classifier found)
    {
        foreach (Classifier classifier in request.Classifiers)
        {
            if (classifier.Id != id || classifier.Kind == ClassifierKind.Legacy) continue;
            found = classifier;
            return true;
        }
        found = default;
        return false;
    }
}
