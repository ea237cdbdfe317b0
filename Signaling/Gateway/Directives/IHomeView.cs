namespace MediaRelay.Gateway.Directives;

/// <summary>What conditions may look at.</summary>
public interface IHomeView
{
    /// <summary>A device's value, null when unknown.</summary>
    string? Value(string device, string property);

    /// <summary>A partition's mode: <c>off</c>, <c>stay</c>, <c>night</c>, <c>away</c>; null when there is no such partition.</summary>
    string? Mode(byte partition);
}
