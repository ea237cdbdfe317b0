namespace MediaRelay.Gateway.Queue;

/// <summary>The queued form of an event: its element of the contract.</summary>
internal static class EventElement
{
    public static byte[] Write(SmaEvent message)
    {
        var x = new XmlOutput();
        SmaWriter.WriteEvent(x, message);
        return x.Written.ToArray();
    }

    /// <summary>Reads it back; null when it cannot be read, which the server could not either.</summary>
    public static SmaEvent? Read(ReadOnlySpan<byte> element)
    {
        var x = new XmlOutput();
        SmaWriter.StartEvents(x, "kept", "kept");
        x.Raw(element);
        x.End("events"u8);
        return SmaReader.TryReadEvents(x.Written, out EventBatch batch, out _) && batch.Events.Count == 1 ? batch.Events[0] : null;
    }

    /// <summary>The event with other times, wherever it carries them; it is no longer marked as one without a clock.</summary>
    public static QueuedEvent Redate(QueuedEvent queued, Func<DateTimeOffset, DateTimeOffset> correct)
    {
        if (Read(queued.Element) is not { } message)
            return queued with { Made = correct(queued.Made) };
        SmaEvent dated = message with
        {
            Time = SmaTime.Truncate(correct(message.Time)),
            IsClockUnset = false,
            Monotonic = null,
            Device = message.Device is { } device ? Redate(device, correct) : null,
            Body = message.Body switch
            {
                HomeSnapshot snapshot => snapshot with { Devices = [.. snapshot.Devices.Select(one => Redate(one, correct))] },
                ClipBody clip => clip with { From = clip.From is { } from ? SmaTime.Truncate(correct(from)) : null, To = clip.To is { } to ? SmaTime.Truncate(correct(to)) : null },
                _ => message.Body,
            },
        };
        return queued with { Made = correct(queued.Made), Element = Write(dated) };
    }

    private static DeviceBody Redate(DeviceBody device, Func<DateTimeOffset, DateTimeOffset> correct) =>
        device with { Properties = [.. device.Properties.Select(one => one with { At = one.At is { } at ? SmaTime.Truncate(correct(at)) : null })] };
}
