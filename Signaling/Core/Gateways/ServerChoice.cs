namespace MediaRelay.Signaling.Gateways;

/// <summary>
/// Which of its servers a gateway uses: after two failures in a row the other is tried (sma-sig-1 section 7).
/// </summary>
/// <remarks>
/// Requests run side by side, so each notes the choice under which it began. One that fails after the change says nothing about the new
/// server; counted all the same it would lead back to the dead one.
/// </remarks>
public sealed class ServerChoice
{
    private const int MostFailures = 2;

    private int _failures;

    /// <summary>The choice that a request begins under.</summary>
    public int Current { get; private set; }

    /// <summary>A request that began under the choice was answered.</summary>
    public void HandleSuccess(int choice)
    {
        if (choice == Current)
            _failures = 0;
    }

    /// <summary>A request that began under the choice failed; true when the other server is to be used from now on.</summary>
    public bool HandleFailure(int choice)
    {
        if (choice != Current || ++_failures < MostFailures)
            return false;
        _failures = 0;
        Current++;
        return true;
    }
}
