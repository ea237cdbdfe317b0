namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Signals between nodes that share a storage. They carry no state: a missed one only costs time.</summary>
public interface INotifications
{
    /// <summary>Channel: events were appended; the payload is the last position.</summary>
    const string Events = "events";

    /// <summary>Channel: an instruction waits; the payload is the gateway.</summary>
    const string Instructions = "instructions";

    /// <summary>Channel: a gateway's record changed; the payload is the gateway.</summary>
    const string Gateways = "gateways";

    /// <summary>Sends a signal to all nodes, this one included.</summary>
    void Publish(string channel, string payload);

    /// <summary>Calls the handler for every signal until the result is disposed; the handler must not block.</summary>
    IDisposable Subscribe(string channel, Action<string> handler);
}
