namespace Staithe.GarbageCollection;

/// <summary>Long work in short transactions.</summary>
internal static class Batches
{
    /// <summary>How many rows one takes.</summary>
    public const int Rows = 500;

    /// <summary>Runs one after the other until one was not full; how many rows they took.</summary>
    public static async Task<int> RunAsync(Func<Task<int>> batch)
    {
        var total = 0;
        int count;
        do
        {
            count = await batch();
            total += count;
        }
        while (count == Rows);
        return total;
    }
}
