namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Last known values of devices, each with its age.</summary>
public interface IPropertyStore
{
    /// <summary>Stores values; one that is older than the stored one is left out. When <paramref name="consumer"/> is given its cursor moves in the same step.</summary>
    Task SaveAsync(IReadOnlyList<PropertyValue> values, string? consumer = null, long position = 0);

    /// <summary>All values of a gateway's devices.</summary>
    IReadOnlyList<PropertyValue> Read(string gateway);
}
