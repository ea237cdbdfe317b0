namespace MediaRelay.Signaling.Contract;

/// <summary>A device behind a gateway: named in a request, described in a report.</summary>
public sealed record DeviceBody
{
    /// <summary>The device's identifier within its gateway, chosen by the server or the gateway.</summary>
    public required string Ref { get; init; }

    /// <summary>Kind of device, e.g. <c>contact</c>, <c>motion</c>, <c>lock</c>, <c>camera</c>.</summary>
    public string? Type { get; init; }

    /// <summary>The adaptor that speaks to it, e.g. <c>simulated</c>, <c>mqtt</c>.</summary>
    public string? Protocol { get; init; }

    /// <summary>Its address in that adaptor's terms.</summary>
    public string? Address { get; init; }

    /// <summary>The name people see.</summary>
    public string? Name { get; init; }

    /// <summary>Alarm partition it belongs to.</summary>
    public byte? Partition { get; init; }

    /// <summary>Alarm zone number.</summary>
    public ushort? Zone { get; init; }

    /// <summary>In property.set: refuse unless the value is still the one of this time.</summary>
    public DateTimeOffset? IfAt { get; init; }

    /// <summary>Property values, at most 64.</summary>
    public IReadOnlyList<DeviceProperty> Properties { get; init; } = [];
}
