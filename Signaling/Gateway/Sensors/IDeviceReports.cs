namespace MediaRelay.Gateway.Sensors;

/// <summary>Takes what adaptors see.</summary>
public interface IDeviceReports
{
    /// <summary>A device has a value.</summary>
    void Report(string device, string name, string value);

    /// <summary>A device answers no more, or again.</summary>
    void ReportReachable(string device, bool isReachable);
}
